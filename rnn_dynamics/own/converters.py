"""Python that writes the recurrent layers of other files as safetensors, with torch's names and gates.

What each must mind is the order of the gates in the rows of a matrix. torch: LSTM i f g o, GRU r z n. Keras: LSTM
i f c o, GRU z r h, matrices transposed. ONNX: LSTM i o f c, GRU z r h. The GRU of torch, as Keras's by its
default but not ONNX's, applies the reset gate after the product; of one that does not the lines say so. So they do of
a single direction that reads backwards, which torch has only beside another and which is written as one forwards.
The coRNN's authors (github.com/tk-rusch/coRNN, sMNIST/network.py) have one linear layer of inputs, velocities and
positions side by side; here W_hh reads positions, then velocities.
"""

TORCH = """\
import torch; from safetensors.torch import save_file; \
found = torch.load("model.pt", weights_only=True); found = found.get("state_dict", found); \
save_file({name: of.contiguous().clone() for name, of in found.items() if torch.is_tensor(of)}, "weights.safetensors")
"""

KERAS = """\
import keras
import numpy as np
from safetensors.numpy import save_file

found = {}

def take(name, layer, ending=""):
    kernel, recurrent, *bias = (np.asarray(values) for values in layer.get_weights())
    hidden = recurrent.shape[0]
    gates = recurrent.shape[1] // hidden  # 1; LSTM 4, i f c o, which is torch's order; GRU 3, z r h, torch's is r z n
    if gates == 3 and not layer.reset_after:
        print(f"{name} resets before the product: choose reset_gate = before for it")
    if layer.go_backwards and not ending:
        print(f"{name} reads from the last step to the first: give it the steps of its inputs in reverse order")
    order = [1, 0, 2] if gates == 3 else range(gates)
    biases = np.reshape(bias[0], (-1, gates * hidden)) if bias else np.zeros((1, gates * hidden), np.float32)
    both = biases if len(biases) == 2 else [biases[0], np.zeros_like(biases[0])]
    for part, values in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), (kernel.T, recurrent.T, *both)):
        rows = np.split(np.ascontiguousarray(values), gates)  # save_file writes an array as it lies in memory
        found[f"{name}.{part}_l0{ending}"] = np.concatenate([rows[gate] for gate in order])

for layer in keras.models.load_model("model.keras").layers:  # of a model within a model: its .layers
    if isinstance(layer, keras.layers.Bidirectional):
        take(layer.name, layer.forward_layer)
        take(layer.name, layer.backward_layer, "_reverse")
    elif isinstance(layer, (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)):
        take(layer.name, layer)
save_file(found, "weights.safetensors")
"""

ONNX = """\
import numpy as np
import onnx
from safetensors.numpy import save_file

ORDER = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 2, 3, 1]}  # ONNX has z r h and i o f c, torch r z n and i f g o
graph = onnx.load("model.onnx").graph
arrays = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
found = {}
for node in graph.node:
    if node.op_type in ORDER:
        says = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        name, order = node.name.replace("/", ".").strip(".") or node.output[0], ORDER[node.op_type]
        if node.op_type == "GRU" and not says.get("linear_before_reset"):
            print(f"{name} resets before the product: choose reset_gate = before for it")
        if says.get("direction") == b"reverse":
            print(f"{name} reads from the last step to the first: give it the steps of its inputs in reverse order")
        weight_ih, weight_hh = (arrays[given] for given in node.input[1:3])  # (directions, gates * hidden, ...)
        named = len(node.input) > 3 and node.input[3]
        bias = arrays[node.input[3]] if named else np.zeros((len(weight_ih), 2 * weight_ih.shape[1]), np.float32)
        for way, ending in enumerate(("_l0", "_l0_reverse")[: len(weight_ih)]):
            bias_ih, bias_hh = np.split(bias[way], 2)
            parts = {"weight_ih": weight_ih[way], "weight_hh": weight_hh[way], "bias_ih": bias_ih, "bias_hh": bias_hh}
            for part, values in parts.items():
                rows = np.split(np.ascontiguousarray(values), len(order))
                found[f"{name}.{part}{ending}"] = np.concatenate([rows[gate] for gate in order])
save_file(found, "weights.safetensors")
"""

CORNN = """\
import torch
from safetensors.torch import load_file, save_file

arrays = load_file("model.safetensors")
found = {}
for name, weight in arrays.items():
    if name.endswith("i2h.weight"):
        module, hidden = name.removesuffix("i2h.weight"), len(weight)
        bias = arrays[f"{module}i2h.bias"]
        of_input, velocity, position = weight.split([weight.shape[1] - 2 * hidden, hidden, hidden], dim=1)
        parts = {"weight_ih": of_input.contiguous(), "weight_hh": torch.cat([position, velocity], dim=1)}
        parts |= {"bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
        found |= {f"{module}{part}_l0": values for part, values in parts.items()}
save_file(found, "weights.safetensors")
"""
