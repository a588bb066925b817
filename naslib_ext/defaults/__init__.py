"""Running one search: NASLib's ``Trainer`` signature and files, with a journal and a resume that works."""
