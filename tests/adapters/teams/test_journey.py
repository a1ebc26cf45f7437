"""What is Teams' own on the way through a case: channels, mentions, boxes to answer in, edits. The shared journeys run on it too."""

from pathlib import Path

from tests.adapters.teams.stub import BOT, channel_id, person_id
from tests.adapters.teams.town import Spot, Town, find, open_town, read_dialog

DOUBT = "Die burgemeester moest men eens goed aanpakken"


async def walk(town: Town, person: str, *labels: str) -> None:
    """Press through a walk on the newest card."""
    for label in labels:
        await town.press(person, find(town.chat_of(person), label).handle)


async def doubt(town: Town) -> Spot:
    """A case that goes to the communications lead; where its thread's card stands."""
    await town.write("an", DOUBT)
    await walk(town, "an", "Ik weet het niet")
    await town.settle(16)
    place = town.cloud.conversations[channel_id("communicatie")]
    name = town.messages(place)[0]["id"]
    return Spot(f"{place.id};messageid={name}", name, {})


async def test_question_becomes_faq(tmp_path: Path) -> None:
    """A question that nobody can answer goes to its antenna; the answer comes back, and becomes a FAQ entry that is found."""
    async with open_town(tmp_path) as town:
        await town.write("an", "Wanneer is het fietspad in de Kerkstraat klaar?")
        await walk(town, "an", "Neutraal", "Vraag", "Ik weet het antwoord niet")
        assert len(town.chat_of("an")) == 1, "one card, changed in place"
        await town.settle(16)
        place = town.cloud.conversations[channel_id("mobiliteit")]
        (head,) = town.messages(place)
        activity = head["activity"]
        (told,) = activity["attachments"][0]["content"]["msteams"]["entities"]
        assert told == {
            "type": "mention",
            "text": "<at>Lies Janssens</at>",
            "mentioned": {"id": person_id("lies"), "name": "Lies Janssens"},
        }
        assert "fietspad" not in activity["summary"]
        await town.press("lies", find(town.channel("mobiliteit"), "Ik neem dit op").handle)
        await town.write("lies", "Het fietspad gaat open op 1 maart.", place=place, root=head["id"])
        assert "1 maart" in town.chat_of("an")[-1].quotes[0]
        await town.press("lies", find(town.channel("mobiliteit"), "Goedkeuren").handle)
        await town.write("an", "faq wanneer is het fietspad in de kerkstraat klaar")
        assert "1 maart" in town.chat_of("an")[-1].text
        assert "1 maart" in town.chat_of("an")[0].text, "the approved answer stands ready on the card"


async def test_answers_without_a_mention(tmp_path: Path) -> None:
    """Of a channel Teams passes on only what calls the bot: the box on a thread's card, and on a question, carries an answer too."""
    async with open_town(tmp_path) as town:
        spot = await doubt(town)
        data = {"write": "reply", "reply": "Waar staat dit?"}
        value = {"action": {"type": "Action.Execute", "verb": "press", "data": data}}
        said = await town.invoke("sofie", "adaptiveCard/action", value, spot=spot)
        assert said["value"] == "Je antwoord is doorgegeven."
        assert town.chat_of("an")[-1].quotes == ("Waar staat dit?",)
        place = town.cloud.personal("an")
        asked = Spot(place.id, town.messages(place)[-1]["id"], {})
        data["reply"] = "Onder ons bericht van maandag"
        await town.invoke("an", "adaptiveCard/action", value, spot=asked)
        assert town.channel("communicatie")[-1].quotes == ("Onder ons bericht van maandag",)
        data["reply"] = "  "
        refused = await town.invoke("an", "adaptiveCard/action", value, spot=asked)
        assert refused["value"] == "Vul dit nog in."


async def test_edits_and_deletions_are_mirrored(tmp_path: Path) -> None:
    """A reply that is changed, removed or brought back in Teams is marked as such where it was passed on."""
    async with open_town(tmp_path) as town:
        spot = await doubt(town)
        place = town.cloud.conversations[channel_id("communicatie")]
        await town.write("sofie", "Eerste gedacht", place=place, root=spot.message)
        said = next(item for item in place.messages if item["from"] == "sofie")
        body = town.activity("sofie", "messageUpdate", place, root=spot.message, id=said["id"], text="Tweede gedacht")
        body["channelData"]["eventType"] = "editMessage"
        for _ in range(2):
            await town.deliver(body)
        await town.settle()
        assert town.chat_of("an")[-1].quotes == ("Tweede gedacht",)
        assert "aangepast" in town.chat_of("an")[-1].text
        gone = body | {"type": "messageDelete", "channelData": body["channelData"] | {"eventType": "softDeleteMessage"}}
        await town.deliver(gone)
        await town.settle()
        assert "verwijderde" in town.chat_of("an")[-1].text
        back = body | {"channelData": body["channelData"] | {"eventType": "undeleteMessage"}, "timestamp": "2026-11-17T09:05:00Z"}
        await town.deliver(back)


async def test_modereer_on_a_message(tmp_path: Path) -> None:
    """The action on a message opens the intake with its words, as a person saw them; sending it makes the case."""
    async with open_town(tmp_path) as town:
        html = (
            "<p>Dag &amp; <at id='0'>Sofie Maes</at>,</p><script>alert(1)</script><style>p{}</style><p>zie "
            "<a href='https://evil.example/x'>hier</a><img alt='😀'>\u202e</p><attachment id='1'></attachment>"
        )
        payload = {"id": "1", "body": {"contentType": "html", "content": html}}
        value = {"commandId": "modereer", "commandContext": "message", "messagePayload": payload}
        answer = await town.invoke("an", "composeExtension/fetchTask", value)
        asked = read_dialog(answer["task"]["value"])
        text = next(item.value for item in asked.fields if item.name == "text")
        assert text == "Dag & Sofie Maes,\n\nzie hier (https://evil.example/x)😀"
        data = dict(asked.handle["data"]) | {f"v.{item.name}": item.value for item in asked.fields}
        done = await town.invoke("an", "composeExtension/submitAction", {"data": data, "commandId": "modereer"})
        assert "Zaak 1" in done["task"]["value"]
        assert "zie hier (https://evil.example/x)" in town.chat_of("an")[-1].quotes[0]


async def test_modereer_where_the_bot_is_no_member(tmp_path: Path) -> None:
    """The action works on any message, also in a chat without the bot: one's own chat with it says who one is; a guest stays out."""
    async with open_town(tmp_path) as town:
        place = town.cloud.channel("borrel", "an", "karim", installed=False)
        payload = {"messagePayload": {"body": {"contentType": "text", "content": "Wat een puinhoop"}}}
        spot = Spot(f"{place.id};messageid=1", "1", {})
        asked = await town.invoke("an", "composeExtension/fetchTask", payload, spot=spot)
        assert "Wat een puinhoop" in str(asked["task"]["value"]["card"])
        town.cloud.personal("karim").members[person_id("karim")] = "guest"
        refused = await town.invoke("karim", "composeExtension/fetchTask", payload, spot=spot)
        assert "niet in de lijst" in refused["task"]["value"]
        town.cloud.personal("tom").installed = False
        unsure = await town.invoke("tom", "composeExtension/fetchTask", payload, spot=spot)
        assert "niet nagaan" in unsure["task"]["value"]


async def test_mention_in_a_channel(tmp_path: Path) -> None:
    """Calling the bot in a channel: words make a case, a command is answered, nothing at all brings help; each in one's own chat."""
    async with open_town(tmp_path) as town:
        place = town.cloud.channel("onthaal", "an")
        await town.write("an", "Wat een puinhoop is het hier", place=place)
        assert town.chat_of("an")[-1].title == "Zaak 1"
        await town.write("an", "zaken", place=place)
        assert "Zaak 1" in town.chat_of("an")[-1].text
        await town.write("an", "", place=place)
        assert "/moderate" in town.chat_of("an")[-1].text
        assert not town.messages(place)


async def test_commands_with_and_without_slash(tmp_path: Path) -> None:
    """What can be typed is understood with and without ``/`` and ``moderate``; a comment that begins alike is a comment."""
    async with open_town(tmp_path) as town:
        for text in ("zaken", "/zaken", "moderate zaken", "/moderate cases", "Zaken"):
            await town.write("an", text)
            assert "Jouw open zaken" in town.chat_of("an")[-1].says, text
        await town.write("an", "moderate")
        button = find(town.chat_of("an"), "Nieuwe reactie bekijken")
        assert button.handle.action["data"]["msteams"] == {"type": "task/fetch"}
        await town.write("an", "afwezig 24/12–2/1")
        assert town.chat_of("an")[-1].number is None, "not a comment"
        await town.write("an", "zaken gaan hier echt heel slecht, gemeente")
        assert town.chat_of("an")[-1].number == 1
        await town.write("an", "zaak is duidelijk, schande")
        assert town.chat_of("an")[-1].number == 2


async def test_welcome_once_installed(tmp_path: Path) -> None:
    """Who installs the bot is told what it can do; who removes it is no longer written to at the old place."""
    async with open_town(tmp_path) as town:
        place = town.cloud.personal("an")
        await town.deliver(town.activity("an", "installationUpdate", place, action="add"))
        await town.settle()
        assert "Welkom" in town.chat_of("an")[-1].text
        assert (await town.teams.places.get(f"teams:{person_id('an')}")) is not None
        await town.deliver(town.activity("an", "installationUpdate", place, action="remove"))
        assert (await town.teams.places.get(f"teams:{person_id('an')}")) is None
        members = town.activity("an", "conversationUpdate", town.cloud.channel("communicatie"), membersRemoved=[{"id": BOT}])
        assert (await town.deliver(members))[0] == 200
