"""A second chat server, written from the two specs alone. It is one process, and forgets all when it ends.

usage: python3 server.py OPENAPI.json ASYNCAPI.json PORT [JWT_SECRET]
"""
import asyncio, contextlib, hashlib, json, os, re, sys, time, unicodedata, uuid
from datetime import datetime, timezone
from functools import partial
import jwt
from aiohttp import web
from jsonschema import Draft202012Validator
from websockets import connection, exceptions, frames, headers, utils

openapi, asyncapi = [open(path, encoding="utf-8").read() for path in sys.argv[1:3]]
port, secret = int(sys.argv[3]), (sys.argv[4:] or [uuid.uuid4().hex])[0]
schemas = {}
for spec in (openapi, asyncapi):  # in Python's patterns a $ would let a line feed follow
    schemas |= json.loads(spec.replace('$"', r'\\Z"'))["components"]["schemas"]
parse = partial(json.loads, parse_int=float, parse_constant=int)  # integers of any length; int("NaN") is a ValueError
NOT_JSON = (ValueError, RecursionError)
FROM_CLIENTS = {"chat_message": "ChatMessageFromClient", "token_refresh": "TokenRefresh"}
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}

class Problem(web.HTTPException):
    def __init__(self, status, code, headers=None, **more):
        self.status_code = status
        body = {"type": f"urn:palaver:problem:{code}", "title": code, "status": status, "code": code, **more}
        super().__init__(body=json.dumps(body).encode(), headers=headers, content_type="application/problem+json")

def demand(condition, *problem, **more):
    if not condition:
        raise Problem(*problem, **more)

def faults(schema, value, at=""):
    """What doesn't fit a schema of the specs, and where."""
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}})
    found = []
    for error in validator.iter_errors(value):
        missing = error.message.split("'")[1:2] if error.validator == "required" else []
        pointer = at + "".join(f"/{part}" for part in [*error.absolute_path, *missing])
        found.append({"pointer": pointer, "detail": f"does not fit: {error.validator}"})
    return found

def fold(text):
    return unicodedata.normalize("NFKC", text).lower()

def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

def claims_of(token):
    """What a token says, if it holds."""
    with contextlib.suppress(jwt.PyJWTError, *NOT_JSON):
        claims = parse(jwt.api_jws.decode(token, secret, ["HS256"]).decode())
        now, whole = time.time(), not faults("TokenClaims", claims)
        if whole and claims["iss"] == "palaver" and claims.get("sub", claims["id"]) == claims["id"]:
            return claims if claims.get("nbf", 0) - 5 <= now < claims["exp"] + 5 else None

class Room:
    users, sessions, names, said, clock = {}, [], {}, {}, 0

    def frame(self, kind, msg, ordered=False):
        self.clock = max(self.clock + 1, time.time_ns())  # nothing stands twice at a place, and no time goes back
        place = {"id": f"{self.clock:020}"} if ordered else {}
        return json.dumps({"type": kind, **place, "sent_at": rfc3339(self.clock / 1e9), "msg": msg}).encode()

    def publish(self, kind, msg):
        frame = self.frame(kind, msg, ordered=True)
        for session in self.sessions:
            session.tell(frame)
        return frame

    def enter(self, session, name, recovered):
        session.tell(self.frame("users_online", {"list": [*self.names.values()], **recovered}, ordered=True))
        self.sessions.append(session)
        if session.user not in self.names:
            self.names[session.user] = name
            self.publish("user_joined", {"username": name})

    def leave(self, session):
        self.sessions.remove(session)
        if all(other.user != session.user for other in self.sessions):
            self.publish("user_left", {"username": self.names.pop(session.user)})

class Session(connection.Connection):
    """A WebSocket. aiohttp hands over what comes in; websockets knows the protocol, and does no I/O."""
    def __init__(self, transport, claims):
        super().__init__(connection.Side.SERVER, max_size=65536)
        self.transport, self.user, self.fragments, self.refused = transport, claims["id"], [], 0
        self.loop = asyncio.get_running_loop()
        self.gone = self.loop.create_future()
        self.hold(claims)

    def hold(self, claims):
        self.until = min(claims["exp"] + 5, 253402300799)  # the end of the year 9999
        self.expiry = self.loop.call_later(self.until - time.time(), self.end, 4001)

    def feed_data(self, data):
        self.receive_data(data)
        for frame in self.events_received():
            if self in room.sessions and frame.opcode in frames.DATA_OPCODES:
                self.fragments.append(frame)
                if self.fragments[0].opcode is frames.Opcode.BINARY:
                    self.end(1003)
                elif frame.fin:
                    self.take(b"".join(fragment.data for fragment in self.fragments))
                    self.fragments = []
                elif len(self.fragments) == 256:
                    self.end(1008)
        self.flush()
        if self.state is not connection.OPEN:
            self.end()
        return False, b""

    def feed_eof(self):
        self.end()
        self.gone.set_result(None)

    def tell(self, frame):
        if self.state is connection.OPEN:
            self.send_text(frame)
            self.flush()

    def flush(self):
        for data in self.data_to_send():
            self.transport.write(data) if data else self.transport.write_eof()
        if self.transport.get_write_buffer_size() > 1 << 20:
            self.loop.call_soon(self.end, 1013)

    def end(self, code=1000):
        if self in room.sessions:
            self.expiry.cancel()
            self.loop.call_later(5, self.transport.abort)
            if self.state is connection.OPEN:
                self.send_close(code)
                self.flush()
            room.leave(self)

    def take(self, data):
        nonce = {}
        try:
            frame = parse(data.decode())
        except UnicodeDecodeError:
            return self.end(1007)
        except NOT_JSON:
            return self.refuse("malformed_json", nonce)
        kind, msg = (frame.get("type"), frame.get("msg")) if isinstance(frame, dict) else (None, None)
        if isinstance(msg, dict) and not faults("Nonce", msg.get("nonce")):
            nonce = {"nonce": msg["nonce"]}
        if isinstance(kind, str) and kind not in FROM_CLIENTS:
            return self.refuse("unknown_type", nonce)
        if not isinstance(kind, str) or faults(FROM_CLIENTS[kind], frame):
            return self.refuse("invalid_message", nonce)
        if kind == "chat_message":
            return self.say(msg["text"], nonce)
        claims = claims_of(msg["token"])
        if not claims or claims["id"] != self.user:
            return self.refuse("invalid_token", nonce)
        self.expiry.cancel()
        self.hold(claims)
        self.tell(room.frame("token_refreshed", {"expires_at": rfc3339(self.until), **nonce}))

    def say(self, text, nonce):
        key = self.user, nonce.get("nonce")
        if key in room.said:
            return self.tell(room.said[key])
        frame = room.publish("chat_message", {"from_user": room.names[self.user], "text": text, **nonce})
        if nonce:
            room.said[key] = frame
            self.loop.call_later(300, room.said.pop, key)

    def refuse(self, code, nonce):
        """20 at once, and one a second: `refused` is when that will be whole again."""
        self.refused = max(self.refused, time.monotonic()) + 1
        if self.refused > time.monotonic() + 20:
            return self.end(1008)
        self.tell(room.frame("error", {"code": code, "detail": code, **nonce}))

async def read(request, schema):
    try:
        body = await request.read()
        demand(request.content_type == "application/json" and (request.charset or "utf-8").lower() == "utf-8", 415, "unsupported_media_type")
        value = parse(body.decode())
    except web.HTTPRequestEntityTooLarge:
        raise Problem(413, "body_too_large")
    except NOT_JSON:
        raise Problem(400, "malformed_body")
    errors = faults(schema, value)
    demand(not errors, 400, "invalid_body", errors=errors)
    return value

def scrypt(password, salt):
    return asyncio.to_thread(hashlib.scrypt, password.encode(), salt=salt, n=16384, r=8, p=1)

async def create_user(request):
    asked, salt = await read(request, "CreateUserRequest"), os.urandom(16)
    digest = await scrypt(asked["password"], salt)
    demand(fold(asked["email"]) not in room.users, 409, "email_taken")
    taken = [fold(user["username"]) for user, _, _ in room.users.values()]
    demand(fold(asked["username"]) not in taken, 409, "username_taken")
    user = {"id": str(uuid.uuid4()), "username": asked["username"], "email": asked["email"]}
    room.users[fold(asked["email"])] = user, salt, digest
    return web.json_response(user, status=201)

async def login(request):
    asked = await read(request, "LoginRequest")
    user, salt, digest = room.users.get(fold(asked["email"]), ({}, b"", b""))
    right = await scrypt(asked["password"], salt) == digest
    demand(right, 401, "invalid_credentials", {"WWW-Authenticate": "Bearer"})
    who = {"id": user["id"], "username": user["username"]}
    claims = {**who, "iss": "palaver", "exp": int(time.time()) + 43200, "jti": str(uuid.uuid4())}
    return web.json_response({**who, "token": jwt.encode(claims, secret)})

def authenticate(request, subprotocols):
    fields = request.headers.getall("Authorization", [])
    tokens = {field[6:].strip() for field in fields if re.match("bearer( |$)", field, re.IGNORECASE)}
    tokens |= {item.removeprefix("bearer.") for item in subprotocols if item.startswith("bearer.")}
    demand(tokens, 401, "missing_token", {"WWW-Authenticate": "Bearer"})
    claims = claims_of(*tokens) if len(tokens) == 1 and len(fields) < 2 else None
    demand(claims, 401, "invalid_token", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return claims

async def join(request):
    last = request.query.get("last_event_id")
    errors = [] if last is None else faults("FrameId", last, "/last_event_id")
    demand(not errors, 400, "invalid_parameter", errors=errors)
    demand(not request.body_exists, 400, "body_not_allowed")
    values = {name: request.headers.getall(name, []) for name in [*UPGRADE, "Sec-WebSocket-Extensions"]}
    upgrade = all(value.lower() in ", ".join(request.headers.getall(name, [])).lower() for name, value in UPGRADE.items())
    key = request.headers.get("Sec-WebSocket-Key", "")
    demand(not upgrade or re.fullmatch("[0-9A-Za-z+/]{22}==", key), 400, "malformed_handshake")
    try:
        for field in request.headers.getall("Sec-WebSocket-Extensions", []):
            headers.parse_extension(field)
        fields = request.headers.getall("Sec-WebSocket-Protocol", [])
        subprotocols = [item for field in fields for item in headers.parse_subprotocol(field)]
    except exceptions.InvalidHeader:
        raise Problem(400, "malformed_handshake")
    demand(len(set(subprotocols)) == len(subprotocols), 400, "malformed_handshake")
    origin = request.headers.get("Origin", f"//{request.host}").partition("//")[2]
    demand(origin == request.host, 403, "origin_not_allowed")
    claims = authenticate(request, subprotocols)
    others = [fold(name) for user, name in room.names.items() if user != claims["id"]]
    demand(claims["id"] in room.names or fold(claims["username"]) not in others, 409, "name_in_use")
    demand(upgrade, 426, "upgrade_required", UPGRADE)
    answer = {**UPGRADE, "Sec-WebSocket-Accept": utils.accept_key(key)}
    if "palaver.v1" in subprotocols:
        answer["Sec-WebSocket-Protocol"] = "palaver.v1"
    lines = ["HTTP/1.1 101 Switching Protocols", *map(": ".join, answer.items()), "\r\n"]
    request.transport.write("\r\n".join(lines).encode())
    session = Session(request.transport, claims)
    room.enter(session, claims["username"], {} if last is None else {"recovered": False})
    request.protocol.set_parser(session)
    await session.gone

async def serve(text, request):
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()}"'
    known = {tag, "*"} & {*re.findall(r'"[^"]*"|\*', request.headers.get("If-None-Match", ""))}
    return web.Response(status=304, headers={"ETag": tag}) if known else web.Response(text=text, headers={"ETag": tag}, content_type="application/json")

async def handle(request):
    demand(len(request.headers.getall("Host", [])) == 1, 400, "malformed_request")
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return web.Response(status=204)
    demand(request.path in ROUTES, 404, "not_found")
    allow, handler = ROUTES[request.path]
    demand(request.method in allow.split(", "), 405, "method_not_allowed", {"Allow": allow})
    return await handler(request)

def handle_error(connection, request, status=500, *_):
    return Problem(400, "malformed_request") if status == 400 else Problem(500, "internal_error")

async def end_all(app):
    for session in [*room.sessions]:
        session.end(1001)

room = Room()
openapi = json.loads(openapi)
ROUTES = {"/createUser": ("POST", create_user), "/login": ("POST", login), "/join": ("GET, HEAD, POST", join)}
ROUTES["/openapi.json"], ROUTES["/asyncapi.json"] = ("GET, HEAD", lambda request: serve(json.dumps(openapi), request)), ("GET, HEAD", lambda request: serve(asyncapi, request))
openapi["paths"] = {path: item for path, item in openapi["paths"].items() if path in ROUTES}
web.RequestHandler.handle_error = handle_error
app = web.Application(client_max_size=16385, handler_args={"max_line_size": 16384, "max_field_size": 16384})
app.router.add_route("*", "/{path:.*}", handle)
app.on_shutdown.append(end_all)
web.run_app(app, host="127.0.0.1", port=port, access_log=None)
