"""What made-up people write to each other: short, mostly dull, now and then not."""

from typing import NamedTuple

from sealwax.demo.chance import Chance

_OPENERS = (
    "Are you coming {day}?", "Just saw {thing} and thought of you", "How was {place}?",
    "Can you bring {food} {day}?", "Running {minutes} minutes late, sorry", "Did you sleep well?",
    "The train is stuck near {place} again", "Remind me, what was that book called?",
    "I found {thing} in the attic!", "Dinner {day}? I am making {food}", "Happy birthday!! 🎉🎂",
    "It is snowing in {place} ❄️", "Could you call me when you have {minutes} minutes?",
    "We got the flat in {place}!!!", "Look what the cat did to {thing}", "Good night 🌙",
    "Do you still have {thing}?", "I am at {place}, where are you?", "Guess who got the job 😎",
    "The doctor says everything is fine ❤️", "Thinking about {place} today",
    "Movie {day}? I will get the tickets", "I burnt {food}. Again.", "Which one should I take?",
)  # fmt: skip
_ANSWERS = (
    "Yes!", "No idea", "Ha, of course", "On my way", "Perfect, see you {day}", "👍", "😂😂😂",
    "Not before {day} I am afraid", "Give me {minutes} minutes", "That is wonderful news",
    "Only if there is {food}", "I miss {place} so much", "Sounds good to me", "Wait, really?",
    "Call you later", "Take {thing}, I do not need it any more", "Thank you ❤️", "Ok",
    "Let us meet at {place} then", "I knew it", "Oh no 😟 are you all right?", "Me too",
    "Tell me everything {day}", "I will ask and let you know", "Best {food} of my life",
    "{place} was lovely, but far too short", "Can it wait until {day}?", "Same here 🙈",
)  # fmt: skip
_ELSEWHERE = (
    "明日の朝、駅で会いましょう",
    "ありがとう!",
    "我们周末去爬山吧",
    "好的，没问题",
    "오늘 저녁에 봐요",
    "Bis morgen, schlaf gut",
    "¿Vienes el sábado?",
    "Ça marche, à demain",
    "До завтра!",
    "يلا نلتقي غداً",
)
_DAYS = (
    "tonight",
    "tomorrow",
    "on Friday",
    "on Sunday",
    "next week",
    "after work",
    "in the morning",
)
_FOODS = ("soup", "pancakes", "that lemon cake", "noodles", "olives", "bread", "plum jam", "curry")
_PLACES = ("the harbour", "Lisbon", "the old library", "the market", "Oslo", "the lake", "Kyoto",
           "Grandma's garden", "the station", "platform 4")  # fmt: skip
_THINGS = ("the red umbrella", "your guitar", "a box of letters", "the tent", "your keys",
           "an enormous spider", "our school photo", "the blue bicycle")  # fmt: skip


class Person(NamedTuple):
    """A made-up person. `share` is how often one writes with them, against the others."""

    name: str
    address: str
    service: str
    share: int


PEOPLE = (
    Person("Mum", "+15550100101", "iMessage", 7),
    Person("Alex", "+15550100102", "iMessage", 24),
    Person("Noor", "noor@example.com", "iMessage", 14),
    Person("Dad", "+15550100103", "SMS", 6),
    Person("Yuki", "+815550100104", "iMessage", 9),
    Person("Sam (work)", "+15550100105", "RCS", 7),
    Person("Ines", "+351555010106", "iMessage", 5),
    Person("Landlord", "+15550100107", "SMS", 2),
    Person("Dr Okafor", "+15550100108", "SMS", 1),
    Person("Theo", "theo@example.org", "iMessage", 6),
)


def opener(chance: Chance) -> str:
    """How someone begins."""
    return _filled(chance, chance.pick(_OPENERS))


def answer(chance: Chance) -> str:
    """What someone answers."""
    if chance.happens(0.04):
        return chance.pick(_ELSEWHERE)
    return _filled(chance, chance.pick(_ANSWERS))


def _filled(chance: Chance, template: str) -> str:
    return template.format(
        day=chance.pick(_DAYS),
        food=chance.pick(_FOODS),
        place=chance.pick(_PLACES),
        thing=chance.pick(_THINGS),
        minutes=chance.between(5, 45),
    )
