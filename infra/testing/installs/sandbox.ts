import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory, findNatsServer } from '../test-resources.ts'
import type { LauncherOptions } from './launcher.ts'

/** A home directory for a studio under test, with the clone in it and nothing else of this machine's users. */
export interface Sandbox extends AsyncDisposable {
  home: string
  /** The studio's default data directory. */
  dataDir: string
  /** Returns the options that start a launcher in the sandbox. */
  launcherOptions(options?: SandboxLaunchOptions): LauncherOptions
}

export interface SandboxLaunchOptions {
  env?: Record<string, string>
  /** A shell script that prepares the sandbox, as its root. The clone is already mounted, as `$CLONE`. */
  setup?: string
  /** False removes the network except loopback. */
  network?: boolean
  /** The last command prefix: another user. */
  userPrefix?: readonly string[]
}

const CLONE = join(import.meta.dirname, '..', '..', '..')
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export const IS_ROOT = process.getuid?.() === 0
/** Whether this user may create sandboxes: root, or a user who may create user namespaces. */
export const CAN_CREATE_SANDBOXES = commandSucceeds([
  ...unshareCommand({ setup: 'mount -t tmpfs tmpfs /tmp', network: false }),
  '/bin/true',
])

/** Creates a sandbox whose home has the given mode. Other users need 0o711. */
export async function createSandbox(mode = 0o700): Promise<Sandbox> {
  const directory = await createTestDirectory()
  const home = join(directory.path, 'home')
  const [clone, bin] = [join(home, 'clone'), join(home, 'bin')]
  await Promise.all([clone, bin].map(path => mkdir(path, { recursive: true })))
  const tools = { bun: process.execPath, 'nats-server': findNatsServer() }
  await Promise.all(Object.keys(tools).map(name => Bun.write(join(bin, name), '')))
  await Promise.all([chmod(directory.path, mode), chmod(home, mode)])
  const mounts = Object.entries(tools).map(([name, program]) => `mount --bind '${program}' '${join(bin, name)}'`)
  const mountScript = [`CLONE='${clone}'`, `mount --bind '${CLONE}' "$CLONE"`, ...mounts].join('\n')
  return {
    home,
    dataDir: join(home, '.local/share/darkroom'),
    launcherOptions: ({ env = {}, setup = '', network = true, userPrefix = [] } = {}) => ({
      env: { HOME: home, PATH: `${bin}:${PATH}`, LANG: 'C.UTF-8', ...env },
      prefix: [...unshareCommand({ setup: `${mountScript}\n${setup}`, network }), ...userPrefix],
      bun: join(bin, 'bun'),
      clone,
    }),
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  }
}

/** Returns a command prefix that runs a command in its own namespaces, in which this user is root during the script. */
function unshareCommand({ setup, network }: { setup: string; network: boolean }): string[] {
  const script = network ? setup : `${setup}\nip link set lo up`
  const namespaces = ['--mount', ...(network ? [] : ['--net'])]
  const then = IS_ROOT
    ? 'exec "$@"'
    : `exec unshare --user --map-user=${process.getuid?.()} --map-group=${process.getgid?.()} "$@"`
  const root = IS_ROOT ? [] : ['--user', '--map-root-user']
  return ['unshare', ...root, ...namespaces, '/bin/sh', '-ec', `${script}\n${then}`, 'sh']
}

function commandSucceeds(command: string[]): boolean {
  try {
    return Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' }).success
  } catch {
    return false
  }
}
