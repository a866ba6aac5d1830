"""What kind of server a target is: conversations with it, and what they tell.

``talk`` is one conversation, ``subject`` the server with which it is held, ``streams`` and
``datagrams`` hold the conversations; ``texts``, ``templates`` and ``conclusion`` are pure and
turn what was said into a profile and its parameters.
"""
