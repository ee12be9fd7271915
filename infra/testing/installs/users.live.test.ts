import { expect, test } from 'bun:test'
import { chown, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { draw, hasInterface, hasPicture } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { processesOf } from './processes.ts'
import { CAN_MAKE_ROOMS, IS_ROOT, makeRoom, type Room, type RoomOptions } from './sandbox.ts'
import { makeUser, NAMELESS } from './user.ts'

const LIMIT_MS = 240_000
const NO_NAMESPACES = 'mount --bind /bin/false "$(command -v unshare)"'
const rootTest = test.skipIf(!IS_ROOT || !CAN_MAKE_ROOMS)

async function start(room: Room, options: RoomOptions = {}): Promise<Launcher> {
  const env = { PORT: String(await freePort()) }
  return startLauncher(room.launcher({ ...options, env: { ...env, ...options.env } }))
}

/** As whom Postgres runs, as seen from here, and whether it is in a user namespace of its own. */
async function postgresIn(room: Room): Promise<{ user: number; apart: boolean }> {
  const pid = (await readRunFile(room.dataDir))?.processes.Postgres?.pid ?? 0
  const [, user] = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  const [its, ours] = await Promise.all([readlink(`/proc/${pid}/ns/user`), readlink('/proc/self/ns/user')])
  return { user: Number(user), apart: its !== ours }
}

async function expectStopped(launcher: Launcher, room: Room): Promise<void> {
  expect(await launcher.stop()).toBe(0)
  expect(await processesOf(room.dataDir)).toEqual([])
}

rootTest(
  'as root in a home that is closed to others, by a user namespace (needs root)',
  async () => {
    await using room = await makeRoom()
    await using launcher = await start(room)
    const url = await launcher.open
    await draw(url)
    expect(await hasInterface(url)).toBe(true)
    expect(await postgresIn(room)).toEqual({ user: 0, apart: true })
    expect((await stat(room.home)).mode & 0o077).toBe(0)
    await expectStopped(launcher, room)
  },
  LIMIT_MS,
)

rootTest(
  'as root where user namespaces are forbidden, then where they are not, and back, on the same data (needs root)',
  async () => {
    await using room = await makeRoom()
    await using first = await start(room, { setup: NO_NAMESPACES })
    const picture = await draw(await first.open)
    expect(await postgresIn(room)).toEqual({ user: 65_534, apart: false })
    await expectStopped(first, room)

    await using second = await start(room)
    expect(await hasPicture(await second.open, picture)).toBe(true)
    await draw(await second.open)
    expect(await postgresIn(room)).toEqual({ user: 0, apart: true })
    await expectStopped(second, room)

    await using third = await start(room, { setup: NO_NAMESPACES })
    expect(await hasPicture(await third.open, picture)).toBe(true)
    await expectStopped(third, room)
  },
  LIMIT_MS,
)

rootTest(
  'as an ordinary user; root then leaves that data alone and says why (needs root, to make the user)',
  async () => {
    await using user = await makeUser()
    await using room = await makeRoom(0o711)
    await chown(room.home, user.id, user.id)
    await using launcher = await start(room, { as: user.prefix })
    await draw(await launcher.open)
    expect(await hasInterface(await launcher.open)).toBe(true)
    expect(await postgresIn(room)).toEqual({ user: user.id, apart: false })
    await expectStopped(launcher, room)

    const before = await ownersIn(room.dataDir)
    await using other = await start(room)
    expect(await other.ended).toBe(1)
    expect(other.lines.join('\n').trim()).toBe(
      `The database in ${room.dataDir}/postgres belongs to another user (${user.id}). Start the studio as that user, or set DATA_DIR to another folder.`,
    )
    expect(await ownersIn(room.dataDir)).toEqual(before)
    expect([...new Set(before.values())]).toEqual([user.id])
  },
  LIMIT_MS,
)

test.skipIf(IS_ROOT)(
  'as the ordinary user that runs the tests (when that is not root)',
  async () => {
    await using room = await makeRoom()
    const env = { HOME: room.home, PATH: process.env.PATH ?? '', PORT: String(await freePort()) }
    await using launcher = startLauncher({ env })
    await draw(await launcher.open)
    expect(await postgresIn(room)).toEqual({ user: process.getuid?.() ?? -1, apart: false })
    await expectStopped(launcher, room)
  },
  LIMIT_MS,
)

rootTest(
  'as a user that has a number and no name, as containers do (needs root)',
  async () => {
    await using room = await makeRoom(0o711)
    await chown(room.home, NAMELESS.id, NAMELESS.id)
    await using launcher = await start(room, { as: NAMELESS.prefix })
    await draw(await launcher.open)
    expect(await postgresIn(room)).toEqual({ user: NAMELESS.id, apart: true })
    await expectStopped(launcher, room)
  },
  LIMIT_MS,
)

rootTest(
  'on data that this user cannot open: one sentence (needs root)',
  async () => {
    await using room = await makeRoom(0o755)
    const env = { DATA_DIR: room.home }
    await using launcher = await start(room, { as: NAMELESS.prefix, env })
    expect(await launcher.ended).toBe(1)
    expect(launcher.lines.join('\n').trim()).toBe(
      `${room.home}/lock cannot be written by this user. Is the folder somebody else's, or read-only?`,
    )
  },
  LIMIT_MS,
)

/** Whose each file is. */
async function ownersIn(folder: string): Promise<Map<string, number>> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const owners = await Promise.all(names.map(async name => [name, (await stat(join(folder, name))).uid] as const))
  return new Map(owners)
}
