"""Flows checked before they run: the types of all expressions, and what editors ask of them.

    text ──▶ source ──▶ tree ──▶ scope ──▶ infer ──▶ findings
             places     tasks    what an   types of  code, place,
             of all     in their expression its      suggestion
             values     order    sees      parts

`checker` is the door: `check(text, …)` answers a `Report`. `query` answers what stands at a place
of a text: its type, what could stand there, where it is defined. Nothing is evaluated and nothing
is imported but the classes of the types that a flow names.

May import the plugin room and what is below it; not the engine, whose functions are handed in.
"""
