"""Python imports this at its start where the folder is on PYTHONPATH: so faults reach the workers of Ray, too."""

import fault_injection

fault_injection.install_from_environment()
