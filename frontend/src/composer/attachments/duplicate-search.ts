import type { Reference } from '@darkroom/contracts/reference'
import type { Attachment } from './attachment.ts'
import type { Upload } from './reference-source.ts'

export interface DuplicateSearchOptions {
  list: readonly Pick<Attachment, 'key' | 'reference' | 'role'>[]
  findUpload: (key: string) => Pick<Upload, 'source'> | undefined
}

/** Creates the search for images that are attached already. */
export function createDuplicateSearch({ list, findUpload }: DuplicateSearchOptions) {
  const sources = () => list.flatMap(({ key }) => findUpload(key)?.source ?? [])
  const listSameSize = ({ size }: File) => sources().filter(source => source instanceof File && source.size === size)

  /** Returns whether a file of the same size is attached: only then are bytes compared. */
  function mayHaveFile(file: File): boolean {
    return listSameSize(file).length > 0
  }

  /** Returns whether a file with the same bytes is attached. One that cannot be read counts as another. */
  async function hasFile(file: File): Promise<boolean> {
    const others = listSameSize(file).filter(source => source instanceof File)
    const matches = await Promise.all(others.map(other => hasSameBytes(file, other)))
    return matches.includes(true)
  }

  /** Returns whether an image of the studio is attached, by its URL. */
  function hasUrl(url: string): boolean {
    const isReference = list.some(({ reference }) => reference?.url === url)
    return isReference || sources().some(source => !(source instanceof File) && source.url === url)
  }

  /** Returns whether another attachment before this one is the same reference in the same role. */
  function hasReference(key: string, { id }: Reference): boolean {
    const own = list.find(attachment => attachment.key === key)
    return list.some(other => other.key !== key && other.reference?.id === id && other.role === own?.role)
  }

  return { mayHaveFile, hasFile, hasUrl, hasReference }
}

async function hasSameBytes(file: File, other: File): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([file.bytes(), other.bytes()])
    return a.every((byte, index) => byte === b[index])
  } catch {
    return false
  }
}
