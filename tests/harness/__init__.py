"""What the tests in Python share: processes, clients and waiting.
SPDX-License-Identifier: MIT
"""
