"""One venue's dialect a file: its paths, its shapes, its codes; what an exchange *is* stands outside of here and knows no venue."""
