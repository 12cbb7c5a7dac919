"""`python -m apidocs`: write the pages of the reference."""

from apidocs.pages import FOLDER, write

if __name__ == "__main__":
    for name in write(FOLDER):
        print(f"wrote {FOLDER / name}")
