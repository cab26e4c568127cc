"""`brekwatch doctor`: is this install sound, and can it reach what it is to watch?

Each module finds out about one thing and tells `Finding`s; `examination` runs them at once, each for three seconds at
most, and shows what they found.
"""
