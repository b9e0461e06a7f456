"""Notes on reading: once each, on standard error."""

import json

from isthmus.cli.output.notes import print_notes


def test_of_a_pair_every_note_is_printed_on_standard_error(capsys):
    print_notes({"notes": json.dumps(["a: read from x.safetensors", "b: read from y.safetensors"])})
    print_notes({})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "a: read from x.safetensors\nb: read from y.safetensors\n"


def test_what_members_share_stands_once_with_their_number(capsys):
    notes = ["x-y: a: one", "x-z: a: one", "y-z: a: two: three"]
    print_notes({"notes": json.dumps(notes), "members": json.dumps([{}, {}, {}])})
    assert capsys.readouterr().err == "in 2 of 3 members: a: one\nin 1 of 3 members: a: two: three\n"
