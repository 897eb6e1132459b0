"""`python -m perdition.demo` is `perdition-demo`."""

from perdition.demo.main import main

if __name__ == "__main__":
    main()
