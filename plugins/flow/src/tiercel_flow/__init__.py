"""Control flow: sequences, branches, loops, parallel tasks."""
