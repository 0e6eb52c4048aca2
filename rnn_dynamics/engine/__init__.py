"""Networks and their gradients, in NumPy: what is asked is an Experiment, what is answered a Trace or its like."""
