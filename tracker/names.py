"""Names for candidates that came without one: two words and a number."""

import random

ADJECTIVES = """
able agile amber apt bold brave bright brisk calm clear clever cosmic crisp daring
deft eager early exact fair fleet fond frank fresh gentle glad grand handy hardy
honest humble ideal jolly keen kind lively loyal lucid lucky mellow merry mighty
neat nimble noble patient placid polite prime proud quick quiet rapid rare ready
robust serene sharp silent sleek smart smooth snappy solid spry stately steady still
stout sturdy subtle sunny sure swift tidy tranquil trusty upbeat valiant vivid warm
wise witty young zesty
""".split()

NOUNS = """
ant auk bat bear bee bison boar calf carp cat clam cod colt crab crane crow cub deer
dove duck eel elk ewe fawn finch fish flea fox frog gnat goat goose grouse gull hare
hawk hen heron ibex jay kite koi lamb lark lion loon lynx mink mole moose moth mouse
mule newt orca otter owl ox perch pike pony quail ram rat raven ray robin rook seal
shad shark shrew shrike skunk slug snail sole squid stag stork swan tern toad trout
tuna vole wasp whale wolf wren yak
""".split()


def invented_name() -> str:
    """Easy to say and to tell apart; not unique."""
    return (
        f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}-{random.randrange(1000)}"
    )
