"""A language server for flows: what `check` knows, as editors ask for it.

    editor ──LSP──▶ server ──▶ workspace ──▶ check
                    features    which texts    findings, types,
                    by name     are flows      completions, places

Only this room imports pygls. It may import `check` and `parts`, and what is below them.
"""
