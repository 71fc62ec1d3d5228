"""The technician's app as an installable page: shell, manifest, words, service worker, and who is signed in."""
