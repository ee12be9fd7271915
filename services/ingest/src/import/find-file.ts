import { access } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodePercent } from '@darkroom/infra/http/decode-percent'

/**
 * Returns the file of a folder that a record means: by its name, by its path or address on the machine that it comes from, with the
 * separators of Windows, or encoded as in addresses. The file is not trusted yet.
 *
 * @returns undefined if there is no such file
 */
export async function findFile(folder: string, given: string): Promise<string | undefined> {
  for (const name of listNames(folder, given)) if (await exists(join(folder, name))) return name
  return undefined
}

/** Lists the names that a file may have, the likeliest first. */
function listNames(folder: string, given: string): string[] {
  const path = parseFileUrl(given) ?? given
  const withoutQuery = path.replace(/[?#].*$/s, '')
  const names = [path, path.replaceAll('\\', '/'), decodePercent(path), withoutQuery, decodePercent(withoutQuery)]
  const inFolder = names.filter(isAbsolute).map(name => relative(folder, name))
  const all = [...names, ...inFolder].filter(name => name !== '' && name !== '..' && !name.startsWith(`..${sep}`))
  return [...new Set(all)]
}

/** Returns the path that an address of a file means; undefined if the text is none. */
function parseFileUrl(text: string): string | undefined {
  if (!/^file:/i.test(text)) return undefined
  try {
    return fileURLToPath(text)
  } catch {
    return text.replace(/^file:\/*/i, '')
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
