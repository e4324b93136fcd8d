"""A terminal for one program: terminal.py FOLDER COLUMNSxROWS COMMAND…

It reads lines from FOLDER/keys, which is a pipe: `type TEXT` (with \\e, \\r, \\t), `size COLUMNSxROWS`.  What is on its screen
is always in FOLDER/screen, one line for each row, and after the end FOLDER/end says how the program left the terminal: a line
for the exit code, which screen is shown, whether the cursor is, and whether the terminal echoes as it did before.
Of what a terminal can do it knows what fogctl uses; anything else is an error, so that nothing is overlooked."""
import fcntl, os, pty, re, select, struct, sys, termios, unicodedata

folder, size, command = sys.argv[1], sys.argv[2], sys.argv[3:]


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows, self.x, self.y, self.wraps = columns, rows, 0, 0, False
        self.is_other, self.has_cursor, self.rest, self.main = False, True, '', None
        self.cells = self.blank()

    def blank(self):
        return [[' '] * self.columns for _ in range(self.rows)]

    def resize(self, columns, rows):
        old, self.columns, self.rows = self.cells, columns, rows
        self.cells = self.blank()
        for y in range(min(rows, len(old))):
            for x in range(min(columns, len(old[y]))):
                self.cells[y][x] = old[y][x]
        self.x, self.y = min(self.x, columns - 1), min(self.y, rows - 1)

    def line_feed(self):
        if self.y == self.rows - 1:
            self.cells = self.cells[1:] + [[' '] * self.columns]
        else:
            self.y += 1

    def put(self, c):
        width = 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
        if self.wraps:
            self.x = 0
            self.line_feed()
        self.cells[self.y][self.x] = c
        if width == 2 and self.x + 1 < self.columns:
            self.cells[self.y][self.x + 1] = ''
        self.x += width
        self.wraps = self.x >= self.columns
        self.x = min(self.x, self.columns - 1)

    def control(self, marks, numbers, letter):
        first = int(numbers.split(';')[0] or 0)
        self.wraps = False
        if (marks, letter) == ('', 'm'):
            return
        if (marks, letter) == ('', 'H'):
            place = [int(n or 1) for n in (numbers.split(';') + ['1'])[:2]]
            self.y, self.x = min(place[0], self.rows) - 1, min(place[1], self.columns) - 1
        elif (marks, letter) == ('', 'K') and first == 0:
            self.cells[self.y][self.x:] = [' '] * (self.columns - self.x)
        elif (marks, letter) == ('', 'J') and first == 0:
            self.cells[self.y][self.x:] = [' '] * (self.columns - self.x)
            for y in range(self.y + 1, self.rows):
                self.cells[y] = [' '] * self.columns
        elif marks == '?' and first == 25:
            self.has_cursor = letter == 'h'
        elif marks == '?' and first == 1049:
            if letter == 'h' and not self.is_other:
                self.main, self.cells = (self.cells, self.x, self.y), self.blank()
            elif letter == 'l' and self.is_other:
                self.cells, self.x, self.y = self.main
            self.is_other = letter == 'h'
        else:
            raise SystemExit('a terminal is not asked for that: %r' % (marks + numbers + letter))

    def feed(self, text):
        text = self.rest + text
        at = 0
        while at < len(text):
            if text[at] == '\033':
                found = re.compile(r'\033\[([?>]?)([0-9;]*)([A-Za-z])').match(text, at)
                if found is None:
                    if len(text) - at < 20:
                        break
                    raise SystemExit('not understood: %r' % text[at:at + 20])
                self.control(*found.groups())
                at = found.end()
                continue
            if text[at] == '\r':
                self.x, self.wraps = 0, False
            elif text[at] == '\n':
                self.line_feed()
            elif text[at] >= ' ':
                self.put(text[at])
            at += 1
        self.rest = text[at:]

    def text(self):
        return ''.join(''.join(row).rstrip() + '\n' for row in self.cells)


def write(name, text):
    with open(folder + '/' + name + '.new', 'w', encoding='utf-8') as file:
        file.write(text)
    os.rename(folder + '/' + name + '.new', folder + '/' + name)


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))


columns, rows = map(int, size.split('x'))
screen = Screen(columns, rows)
master, slave = pty.openpty()
set_size(slave, columns, rows)
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in 0, 1, 2:
        os.dup2(slave, fd)
    os.closerange(3, 64)
    os.execvp(command[0], command)
keys = os.open(folder + '/keys', os.O_RDWR)
typed, raw, code = b'', b'', None
write('screen', '')
while code is None:
    ready, _, _ = select.select([master, keys], [], [], 0.05)
    if master in ready:
        raw += os.read(master, 65536)
        with open(folder + '/bytes', 'ab') as file:
            file.write(raw)
        try:
            text, raw = raw.decode(), b''
        except UnicodeDecodeError as error:
            text, raw = raw[:error.start].decode(), raw[error.start:]
        screen.feed(text)
        write('screen', screen.text())
    if keys in ready:
        typed += os.read(keys, 4096)
        *lines, typed = typed.split(b'\n')
        for line in lines:
            what, _, value = line.decode().partition(' ')
            if what == 'type':
                value = value.replace('\\e', '\033').replace('\\r', '\r').replace('\\t', '\t')
                os.write(master, value.encode())
            elif what == 'size':
                columns, rows = map(int, value.split('x'))
                screen.resize(columns, rows)
                set_size(slave, columns, rows)
    if not ready:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid != 0:
            code = os.waitstatus_to_exitcode(status)
write('end', 'exit %d, %s screen, %s, %s\n' % (
    code, 'the other' if screen.is_other else 'its own', 'a cursor' if screen.has_cursor else 'no cursor',
    'as it was' if termios.tcgetattr(slave) == before else 'not as it was'))
