"""The catalog: rules as data, the language they are written in, and the judge that applies them to facts."""
