"""Questions about trained networks, and what to type for each."""

QUESTIONS = {
    "Which layers can be averaged?": "nothing more: single layers are the default",
    "What does the way between look like, and where is it worst?": "--alphas 11, --alphas auto",
    "How does the cost grow as layers join?": "--sweep cumulative:shallow_first",
    "Which neighbours can be averaged together?": "--sweep window:2",
    "Do the costs of two layers add up?": "--sweep single --sweep pairs",
    "Which layers make the cost of averaging everything?": "isthmus attribute",
    "Is the averaging direction special?": "--directions 5",
    "Does a layer cost little only because it is small?": "nothing more: the report shows it",
    "When in training does averaging begin to cost?": "two folders of checkpoints",
    "Does it hold for other pairs?": "three checkpoints or more",
    "Do slope and curvature at the host predict it?": "isthmus curvature",
    "Do features mix as weights do?": "isthmus similarity",
    "What about noise inside the training subspace?": "isthmus subspace",
    "And the theory?": "isthmus explain theorem",
}
"""The headings of docs/questions.md, which shows each with its picture."""

EPILOG = "\n".join([
    "\b",
    "What to add for which question (docs/questions.md shows each with its picture):",
    *(f"  {question}\n      {answer}" for question, answer in QUESTIONS.items()),
])
"""For the help of `isthmus measure`."""
