import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../process/command.ts'

const FETCH_TIMEOUT_MS = 120_000

/**
 * Downloads a package of this machine's Debian and unpacks it without installing it. It needs no root: apt stores its lists and
 * files in the given folder.
 *
 * @param folder an empty folder
 * @returns the root of the unpacked files
 * @throws CommandError if there is no apt, no network or no such package
 */
export async function unpackDebianPackage(name: string, folder: string, signal: AbortSignal): Promise<string> {
  const [lists, cache, root] = [join(folder, 'lists'), join(folder, 'cache'), join(folder, 'root')]
  await Promise.all([lists, cache, root].map(path => mkdir(join(path, 'partial'), { recursive: true })))
  // As root, apt would download as its sandbox user, which cannot read root's home.
  const apt = ['apt-get', '-o', `Dir::Cache=${cache}`, '-o', 'APT::Sandbox::User=root']
  const ownLists = [...apt, '-o', `Dir::State::lists=${lists}`]
  const run = (command: string[]) => runCommand(command, { signal, cwd: folder, milliseconds: FETCH_TIMEOUT_MS })
  // The machine's own package lists, if they are present and fresh, save most of the time.
  await run([...apt, 'download', name]).catch(async () => {
    await run([...ownLists, 'update'])
    await run([...ownLists, 'download', name])
  })
  await run(['dpkg', '-x', await findPackageFile(folder), root])
  return root
}

/** Returns the names of the packages that an unpacked package needs. @param folder the folder that it was unpacked in */
export async function listDebianDependencies(folder: string, signal: AbortSignal): Promise<string[]> {
  const command = ['dpkg-deb', '--field', await findPackageFile(folder), 'Depends']
  const list = await runCommand(command, { signal, cwd: folder, milliseconds: FETCH_TIMEOUT_MS })
  return list.split(',').map(entry => entry.trim().split(/[ :|]/)[0] ?? '')
}

async function findPackageFile(folder: string): Promise<string> {
  return join(folder, (await readdir(folder)).find(entry => entry.endsWith('.deb')) ?? '')
}
