"""A second chat server, written from the two specs alone. It is one process, and forgets all when it ends.

usage: python3 server.py OPENAPI.json ASYNCAPI.json PORT [JWT_SECRET]
"""
import asyncio, hashlib, json, os, re, sys, time, unicodedata, uuid
from datetime import datetime, timezone
from functools import partial
import jwt
from aiohttp import web
from jsonschema import Draft202012Validator
from websockets import connection, exceptions, frames, headers
from websockets.utils import accept_key

openapi, asyncapi = [open(path, encoding="utf-8").read() for path in sys.argv[1:3]]
secret = (sys.argv[4:] or [uuid.uuid4().hex])[0]
schemas = {}
for spec in openapi, asyncapi:
    schemas |= json.loads(spec.replace('$"', r'\\Z"'))["components"]["schemas"]  # Python's $ lets a line feed follow
FROM_CLIENTS = {"chat_message": "ChatMessageFromClient", "token_refresh": "TokenRefresh"}
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
BEARER, REFUSED = {"WWW-Authenticate": "Bearer"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
NOT_JSON = ValueError, RecursionError
parse = partial(json.loads, parse_int=float, parse_constant=int)  # integers of any length; int("NaN") is a ValueError
scrypt = partial(asyncio.to_thread, hashlib.scrypt, n=16384, r=8, p=1)

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
        found.append({"pointer": pointer, "detail": f"does not fit its {error.validator}"})
    return found

def fold(text):
    return unicodedata.normalize("NFKC", text).lower()

# Unicode's Default_Ignorable_Code_Point.
IGNORABLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                       "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")

def name_key(text):
    seen = unicodedata.normalize("NFKC", IGNORABLE.sub("", text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", seen).split())

def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

def claims_of(token):
    """What a token says, or None if it doesn't hold."""
    try:
        claims = parse(jwt.api_jws.decode(token, secret, ["HS256"]).decode())
    except (jwt.PyJWTError, *NOT_JSON):
        return None
    fits = not faults("TokenClaims", claims) and claims["iss"] == "palaver"
    fits = fits and claims.get("sub", claims["id"]) == claims["id"]
    return claims if fits and claims.get("nbf", 0) - 5 <= time.time() < claims["exp"] + 5 else None

class Room:
    users, sessions, names, said, clock = {}, [], {}, {}, 0

    def frame(self, kind, msg, ordered=False):
        self.clock = max(self.clock + 1, time.time_ns())  # no two frames have one place, and time never goes backwards
        place = {"id": f"{self.clock:020}"} if ordered else {}
        return json.dumps({"type": kind, **place, "sent_at": rfc3339(self.clock / 1e9), "msg": msg}).encode()

    def publish(self, kind, msg):
        frame = self.frame(kind, msg, ordered=True)
        for session in self.sessions:
            session.tell(frame)
        return frame

room = Room()

class Session(connection.Connection):
    """A WebSocket. aiohttp hands over what comes in; websockets knows the protocol, and does no I/O."""
    def __init__(self, transport, claims):
        super().__init__(connection.Side.SERVER, max_size=65536)
        self.transport, self.user, self.fragments, self.patience_at = transport, claims["id"], [], 0
        self.loop = asyncio.get_running_loop()
        self.gone = self.loop.create_future()
        self.hold(claims)

    def hold(self, claims):
        self.until = min(claims["exp"] + 5, 253402300799)  # the end of the year 9999
        self.expiry = self.loop.call_later(self.until - time.time(), self.end, 4001)

    def enter(self, name, recovered):
        self.tell(room.frame("users_online", {"list": [*room.names.values()], "users": [
            {"username": name, "user_id": user} for user, name in room.names.items()], **recovered}, ordered=True))
        room.sessions.append(self)
        if self.user not in room.names:
            room.names[self.user] = name
            room.publish("user_joined", {"username": name, "user_id": self.user})

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

    def flush(self):
        for data in self.data_to_send():
            self.transport.write(data) if data else self.transport.write_eof()
        if self.transport.get_write_buffer_size() > 1 << 20:
            self.loop.call_soon(self.end, 1013)

    def tell(self, frame):
        if self.state is connection.OPEN:
            self.send_text(frame)
            self.flush()

    def end(self, code=1000):
        if self not in room.sessions:
            return
        room.sessions.remove(self)
        self.expiry.cancel()
        self.loop.call_later(5, self.transport.abort)
        if self.state is connection.OPEN:
            self.send_close(code)
            self.flush()
        if all(session.user != self.user for session in room.sessions):
            room.publish("user_left", {"username": room.names.pop(self.user), "user_id": self.user})

    def take(self, data):
        try:
            frame = parse(data.decode())
        except UnicodeDecodeError:
            return self.end(1007)
        except NOT_JSON:
            return self.refuse("malformed_json", {})
        kind, msg = (frame.get("type"), frame.get("msg")) if isinstance(frame, dict) else (None, None)
        nonce = {"nonce": msg.get("nonce")} if isinstance(msg, dict) else {}
        nonce = {} if faults("Nonce", nonce.get("nonce")) else nonce
        if isinstance(kind, str) and kind not in FROM_CLIENTS:
            return self.refuse("unknown_type", nonce)
        if not isinstance(kind, str) or faults(FROM_CLIENTS[kind], frame):
            return self.refuse("invalid_message", nonce)
        if kind == "chat_message":
            return self.say(msg["text"], nonce)
        if not (claims := claims_of(msg["token"])) or claims["id"] != self.user:
            return self.refuse("invalid_token", nonce)
        self.expiry.cancel()
        self.hold(claims)
        self.tell(room.frame("token_refreshed", {"expires_at": rfc3339(self.until), **nonce}))

    def say(self, text, nonce):
        key = self.user, nonce.get("nonce")
        if key in room.said:
            return self.tell(room.said[key])
        said = {"text": text, "from_user": room.names[self.user], "from_user_id": self.user, **nonce}
        frame = room.publish("chat_message", said)
        if nonce:
            room.said[key] = frame
            self.loop.call_later(300, room.said.pop, key)

    def refuse(self, code, nonce):
        """20 may be refused at once, and one a second: patience is whole again at `patience_at`."""
        self.patience_at = max(self.patience_at, time.monotonic()) + 1
        if self.patience_at > time.monotonic() + 20:
            return self.end(1008)
        self.tell(room.frame("error", {"code": code, "detail": code, **nonce}))

async def read(request, schema):
    try:
        body = await request.read()
        json_alone = request.content_type == "application/json" and (request.charset or "utf-8").lower() == "utf-8"
        demand(json_alone, 415, "unsupported_media_type")
        value = parse(body.decode())
    except web.HTTPRequestEntityTooLarge:
        raise Problem(413, "body_too_large")
    except NOT_JSON:
        raise Problem(400, "malformed_body")
    errors = faults(schema, value)
    demand(not errors, 400, "invalid_body", errors=errors)
    return value

async def create_user(request):
    asked, salt = await read(request, "CreateUserRequest"), os.urandom(16)
    digest = await scrypt(asked["password"].encode(), salt=salt)
    demand(fold(asked["email"]) not in room.users, 409, "email_taken")
    taken = [name_key(user["username"]) for user, _, _ in room.users.values()]
    demand(name_key(asked["username"]) not in taken, 409, "username_taken")
    user = {"id": str(uuid.uuid4()), "username": asked["username"], "email": asked["email"]}
    room.users[fold(asked["email"])] = user, salt, digest
    return web.json_response(user, status=201)

async def login(request):
    asked = await read(request, "LoginRequest")
    user, salt, digest = room.users.get(fold(asked["email"]), ({}, b"", b""))
    right = await scrypt(asked["password"].encode(), salt=salt) == digest
    demand(right, 401, "invalid_credentials", BEARER)
    who = {"id": user["id"], "username": user["username"]}
    claims = {**who, "iss": "palaver", "exp": int(time.time()) + 43200, "jti": str(uuid.uuid4())}
    return web.json_response({**who, "token": jwt.encode(claims, secret)})

def authenticate(fields, subprotocols):
    tokens = {field[6:].strip() for field in fields if re.match("bearer( |$)", field, re.IGNORECASE)}
    tokens |= {item.removeprefix("bearer.") for item in subprotocols if item.startswith("bearer.")}
    demand(tokens, 401, "missing_token", BEARER)
    claims = claims_of(*tokens) if len(tokens) == 1 and len(fields) < 2 else None
    demand(claims, 401, "invalid_token", REFUSED)
    return claims

async def join(request):
    last, origin = request.query.get("last_event_id"), request.headers.get("Origin", f"//{request.host}")
    errors = [] if last is None else faults("FrameId", last, "/last_event_id")
    demand(not errors, 400, "invalid_parameter", errors=errors)
    demand(not request.body_exists, 400, "body_not_allowed")
    asked, key = partial(request.headers.getall, default=[]), request.headers.get("Sec-WebSocket-Key", "")
    missing = [name for name, value in UPGRADE.items() if value.lower() not in ",".join(asked(name)).lower()]
    try:
        subprotocols = [item for field in asked("Sec-WebSocket-Protocol") for item in headers.parse_subprotocol(field)]
        _ = [headers.parse_extension(field) for field in asked("Sec-WebSocket-Extensions")]
        good = len(set(subprotocols)) == len(subprotocols) and re.fullmatch("[0-9A-Za-z+/]{22}==", key)
    except exceptions.InvalidHeader:
        subprotocols, good = [], False
    demand(good or {"Upgrade", "Connection"} & {*missing}, 400, "malformed_handshake")
    demand(origin.partition("//")[2].lower() == request.host.lower(), 403, "origin_not_allowed")
    claims = authenticate(asked("Authorization"), subprotocols)
    free = name_key(claims["username"]) not in map(name_key, room.names.values())
    demand(free or claims["id"] in room.names, 409, "name_in_use")
    demand(not missing, 426, "upgrade_required", UPGRADE)
    answer = ["HTTP/1.1 101", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept_key(key)}"]
    answer += ["Sec-WebSocket-Protocol: palaver.v1"] if "palaver.v1" in subprotocols else []
    request.transport.write("\r\n".join([*answer, "", ""]).encode())
    session = Session(request.transport, claims)
    session.enter(claims["username"], {} if last is None else {"recovered": False})
    request.protocol.set_parser(session)
    await session.gone
    return web.Response()  # to nobody: aiohttp asks for one

async def document(text, request):
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()}"'
    known = {tag, "*"} & {*re.findall(r'"[^"]*"|\*', request.headers.get("If-None-Match", ""))}
    return web.Response(status=304, headers={"ETag": tag}) if known else web.Response(
        text=text, headers={"ETag": tag}, content_type="application/json")

async def handle(request):
    demand(len(request.headers.getall("Host", [])) == 1, 400, "malformed_request")
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return web.Response(status=204)
    demand(request.path in ROUTES, 404, "not_found")
    methods, handler = ROUTES[request.path]
    demand(request.method in methods.split(", "), 405, "method_not_allowed", {"Allow": methods})
    return await handler(request)

def handle_error(connection, request, status=500, *_):
    return Problem(400, "malformed_request") if status == 400 else Problem(500, "internal_error")

async def end_all(app):
    [session.end(1001) for session in [*room.sessions]]

ROUTES = {"/createUser": ("POST", create_user), "/login": ("POST", login), "/join": ("GET, HEAD, POST", join),
          "/openapi.json": ("GET, HEAD", lambda request: document(openapi, request)),
          "/asyncapi.json": ("GET, HEAD", lambda request: document(asyncapi, request))}
whole = json.loads(openapi)
openapi = json.dumps(whole | {"paths": {path: item for path, item in whole["paths"].items() if path in ROUTES}})
web.RequestHandler.handle_error = handle_error  # also for what is no HTTP
app = web.Application(client_max_size=16385, handler_args={
    "auto_decompress": False, "max_line_size": 16384, "max_field_size": 16384})
app.router.add_route("*", "/{path:.*}", handle)
app.on_shutdown.append(end_all)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[3]), access_log=None)
