"""Reads the same watches in chunks and as WebSockets while objects change: watch.py HOST:PORT.  Prints what differs."""
import base64, http.client, json, os, socket, sys, threading

ADDRESS = sys.argv[1]
AGENTS = '/apis/fog/v1/agents'
QUERIES = ['', '&labelSelector=tier%3Dgold', '&fieldSelector=status.version%3Dv1', '&as=Table',
           '&sendInitialEvents=true&allowWatchBookmarks=true']


def ask(method, path, body=None):
    connection = http.client.HTTPConnection(ADDRESS)
    connection.request(method, path, body and json.dumps(body), {'Content-Type': 'application/json'})
    return connection.getresponse().read()


def in_chunks(path, began):
    connection = http.client.HTTPConnection(ADDRESS)
    connection.request('GET', path)
    answer = connection.getresponse()
    began.release()
    return [json.loads(line) for line in answer.read().splitlines()]


def as_websocket(path, began):
    host, port = ADDRESS.rsplit(':', 1)
    key = base64.b64encode(os.urandom(16)).decode()
    stream = socket.create_connection((host, int(port))).makefile('rwb')
    stream.write((f'GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
                  f'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n').encode())
    stream.flush()
    while stream.readline() != b'\r\n':
        pass
    began.release()
    events = []
    while True:
        head = stream.read(2)
        size = head[1]
        if size > 125:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), 'big')
        data = stream.read(size)
        if head[0] == 0x88:
            return events if int.from_bytes(data[:2], 'big') == 1000 else data
        events.append(json.loads(data))


seen, began, readers = {}, threading.Semaphore(0), []
for query in QUERIES:
    for way in (in_chunks, as_websocket):
        def read(query=query, way=way):
            seen[query, way] = way(f'{AGENTS}?watch=true&timeoutSeconds=3{query}', began)
        readers.append(threading.Thread(target=read))
        readers[-1].start()
for reader in readers:
    began.acquire()
for i in range(40):
    name = f'a-{i % 5}'
    ask('POST', AGENTS, {'metadata': {'name': name}})
    ask('PUT', f'{AGENTS}/{name}', {'metadata': {'name': name, 'labels': {'tier': 'gold'} if i % 2 else {}}})
    ask('PUT', f'{AGENTS}/{name}/status', {'metadata': {'name': name}, 'status': {'version': f'v{i % 3}'}})
    if i % 7 == 6:
        ask('DELETE', f'{AGENTS}/{name}')
for reader in readers:
    reader.join()
for query in QUERIES:
    if seen[query, in_chunks] != seen[query, as_websocket] or len(seen[query, in_chunks]) < 10:
        print('differs or is too short:', query)
        sys.exit(1)
