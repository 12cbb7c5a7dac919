"""What maintainers run: nothing here is installed with the package."""
