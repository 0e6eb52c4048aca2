"""An optional fast road: the cells' own steps, noted as they run in NumPy and compiled by LLVM where it is installed.

No equation stands here. `tape` runs a cell's methods on small arrays and notes each operation; `machine_code` writes
the notes down as one loop over the entries of a state, in which no intermediate result goes to memory; `walk` runs
these loops in the place of the cell's methods. What cannot be noted stays on NumPy's road.
"""
