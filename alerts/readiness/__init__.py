"""What people read of `ready` and `audit`: one self-contained HTML file each, and what all their documents share.

Pure: reports in, text out. What a server, an integration or a person had a say in is scrubbed, bounded, and only text.
"""
