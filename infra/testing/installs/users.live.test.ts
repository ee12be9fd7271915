import { expect, test } from 'bun:test'
import { chown, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { generateImage, isImageServed, isUiServed } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { findProcesses } from './processes.ts'
import { CAN_CREATE_SANDBOXES, createSandbox, IS_ROOT, type Sandbox, type SandboxLaunchOptions } from './sandbox.ts'
import { createUser, UNNAMED_USER } from './user.ts'

const NO_NAMESPACES = 'mount --bind /bin/false "$(command -v unshare)"'
const rootTest = test.skipIf(!IS_ROOT || !CAN_CREATE_SANDBOXES)

async function start(sandbox: Sandbox, options: SandboxLaunchOptions = {}): Promise<Launcher> {
  const env = { PORT: String(await findFreePort()) }
  return startLauncher(sandbox.launcherOptions({ ...options, env: { ...env, ...options.env } }))
}

/** Reads the user of the Postgres process, as seen from here, and whether it has a user namespace of its own. */
async function readPostgresUser(sandbox: Sandbox): Promise<{ user: number; isIsolated: boolean }> {
  const pid = (await readRunFile(sandbox.dataDir))?.processes.Postgres?.pid ?? 0
  const [, user] = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  const [namespace, ownNamespace] = await Promise.all([
    readlink(`/proc/${pid}/ns/user`),
    readlink('/proc/self/ns/user'),
  ])
  return { user: Number(user), isIsolated: namespace !== ownNamespace }
}

async function expectStopped(launcher: Launcher, sandbox: Sandbox): Promise<void> {
  expect(await launcher.stop()).toBe(0)
  expect(await findProcesses(sandbox.dataDir)).toEqual([])
}

rootTest('starts as root in a home that is closed to others, by a user namespace (needs root)', async () => {
  await using sandbox = await createSandbox()
  await using launcher = await start(sandbox)
  const url = await launcher.url
  await generateImage(url)
  expect(await isUiServed(url)).toBe(true)
  expect(await readPostgresUser(sandbox)).toEqual({ user: 0, isIsolated: true })
  expect((await stat(sandbox.home)).mode & 0o077).toBe(0)
  await expectStopped(launcher, sandbox)
})

rootTest(
  'starts as root without user namespaces, with them, and without again, on the same data (needs root)',
  async () => {
    await using sandbox = await createSandbox()
    await using first = await start(sandbox, { setup: NO_NAMESPACES })
    const image = await generateImage(await first.url)
    expect(await readPostgresUser(sandbox)).toEqual({ user: 65_534, isIsolated: false })
    await expectStopped(first, sandbox)

    await using second = await start(sandbox)
    expect(await isImageServed(await second.url, image)).toBe(true)
    await generateImage(await second.url)
    expect(await readPostgresUser(sandbox)).toEqual({ user: 0, isIsolated: true })
    await expectStopped(second, sandbox)

    await using third = await start(sandbox, { setup: NO_NAMESPACES })
    expect(await isImageServed(await third.url, image)).toBe(true)
    await expectStopped(third, sandbox)
  },
)

rootTest(
  'starts as an unprivileged user; root then refuses that data and says why (needs root, to create the user)',
  async () => {
    await using user = await createUser()
    await using sandbox = await createSandbox(0o711)
    await chown(sandbox.home, user.id, user.id)
    await using launcher = await start(sandbox, { userPrefix: user.prefix })
    await generateImage(await launcher.url)
    expect(await isUiServed(await launcher.url)).toBe(true)
    expect(await readPostgresUser(sandbox)).toEqual({ user: user.id, isIsolated: false })
    await expectStopped(launcher, sandbox)

    const before = await readOwners(sandbox.dataDir)
    await using other = await start(sandbox)
    expect(await other.exited).toBe(1)
    expect(other.lines.join('\n').trim()).toBe(
      `The database in ${sandbox.dataDir}/postgres belongs to another user (${user.id}). Start the studio as that user, or set DATA_DIR to another folder.`,
    )
    expect(await readOwners(sandbox.dataDir)).toEqual(before)
    expect([...new Set(before.values())]).toEqual([user.id])
  },
)

test.skipIf(IS_ROOT)('starts as the unprivileged user that runs the tests (when that is not root)', async () => {
  await using sandbox = await createSandbox()
  const env = { HOME: sandbox.home, PATH: process.env.PATH ?? '', PORT: String(await findFreePort()) }
  await using launcher = startLauncher({ env })
  await generateImage(await launcher.url)
  expect(await readPostgresUser(sandbox)).toEqual({ user: process.getuid?.() ?? -1, isIsolated: false })
  await expectStopped(launcher, sandbox)
})

rootTest('starts as a user id without a name, as in containers (needs root)', async () => {
  await using sandbox = await createSandbox(0o711)
  await chown(sandbox.home, UNNAMED_USER.id, UNNAMED_USER.id)
  await using launcher = await start(sandbox, { userPrefix: UNNAMED_USER.prefix })
  await generateImage(await launcher.url)
  expect(await readPostgresUser(sandbox)).toEqual({ user: UNNAMED_USER.id, isIsolated: true })
  await expectStopped(launcher, sandbox)
})

rootTest('refuses data that this user cannot open, in one sentence (needs root)', async () => {
  await using sandbox = await createSandbox(0o755)
  const env = { DATA_DIR: sandbox.home }
  await using launcher = await start(sandbox, { userPrefix: UNNAMED_USER.prefix, env })
  expect(await launcher.exited).toBe(1)
  expect(launcher.lines.join('\n').trim()).toBe(
    `${sandbox.home}/lock cannot be written by this user. Is the folder somebody else's, or read-only?`,
  )
})

/** Reads the owners of files. */
async function readOwners(folder: string): Promise<Map<string, number>> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const owners = await Promise.all(names.map(async name => [name, (await stat(join(folder, name))).uid] as const))
  return new Map(owners)
}
