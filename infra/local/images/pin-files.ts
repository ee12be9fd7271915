import { join } from 'node:path'
import { listImages, pinImages } from './image-reference.ts'
import { type RegistryOptions, resolveDigest } from './registry.ts'

/** Files that name images. */
const FILES = ['docker-compose.yml', 'infra/deploy/Dockerfile']

export interface PinOptions extends RegistryOptions {
  /** Folder of the clone. */
  root: string
  /** False only compares. */
  shouldWrite: boolean
}

/** State of an image: its digest at the registry, and whether the files name that digest. */
export interface PinnedImage {
  text: string
  digest: string
  isPinned: boolean
}

/**
 * Writes the digest that the registry has for the tag of each image into the files that name it. Nothing is written unless every
 * digest is known.
 *
 * @throws StartError if a registry does not answer with one
 */
export async function pinFiles(options: PinOptions): Promise<PinnedImage[]> {
  const files = await Promise.all(
    FILES.map(async name => ({ name, text: await Bun.file(join(options.root, name)).text() })),
  )
  const images = new Map(files.flatMap(({ text }) => listImages(text).map(image => [image.text, image])))
  const digests = new Map<string, string>()
  for (const [text, image] of images) digests.set(text, await resolveDigest(image, options))
  const before = files.map(({ text }) => text).join('\n')
  if (options.shouldWrite) {
    for (const { name, text } of files) await Bun.write(join(options.root, name), pinImages(text, digests))
  }
  return [...digests].map(([text, digest]) => ({ text, digest, isPinned: before.includes(`${text}@${digest}`) }))
}
