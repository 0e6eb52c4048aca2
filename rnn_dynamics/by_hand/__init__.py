"""The recurrences as one would write them on a board: forward and backward by hand, in NumPy, a function a cell.

The engine (`cells/`, `through_time/`) computes the same networks in place, feature first and for many weight scales at
once, and a reader does not see the equation for the speed. This room is the readable form: batch first, (N, T, D), as
`torch.nn` with `batch_first=True`, with torch's parameter names and gate order, and each intermediate result under its
own name. The two forms are tested against each other, and this one against `torch.nn` and autograd.

A page shows these functions by `inspect.getsource`. A mistake (`mistakes.py`) is one line put in place of another in
that very text, which is then compiled: what is shown is what runs.
"""
