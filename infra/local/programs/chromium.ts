import { runCommand } from '../process/command.ts'
import { StartError } from '../process/server-process.ts'

const PROGRAM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const INSTALL_TIMEOUT_MS = 600_000

/**
 * Finds Chromium on the PATH, else installs Debian's if this user is root. It consists of a hundred packages, so it cannot be
 * unpacked into the cache like nats-server.
 *
 * @returns the path of the program
 * @throws StartError with the way to install it
 */
export async function findChromium(options: {
  signal: AbortSignal
  onMessage: (line: string) => void
}): Promise<string> {
  const present = findInstalledChromium()
  if (present) return present
  const { signal, onMessage } = options
  try {
    if (process.getuid?.() !== 0) throw new Error('only root can install it')
    onMessage('Installing Chromium …')
    await runCommand(['apt-get', 'update'], { signal, milliseconds: INSTALL_TIMEOUT_MS })
    const install = ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium']
    await runCommand(install, { signal, milliseconds: INSTALL_TIMEOUT_MS })
  } catch (cause) {
    signal.throwIfAborted()
    throw new StartError('The browser tests need Chromium: have `apt-get install chromium` run by root.', { cause })
  }
  const installed = findInstalledChromium()
  if (installed) return installed
  throw new StartError('Chromium was installed but is not on the PATH.')
}

/** Finds a Chromium on the PATH. */
export function findInstalledChromium(): string | undefined {
  return PROGRAM_NAMES.map(name => Bun.which(name)).find(path => path !== null) ?? undefined
}
