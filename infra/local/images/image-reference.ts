/** Name of an image as compose and Dockerfiles write it: `caddy:2.11-alpine`, `ghcr.io/owner/name:1@sha256:…`. */
export interface ImageReference {
  /** Host of the registry. */
  registry: string
  /** Name of the image at the registry: `library/caddy`. */
  repository: string
  tag: string
  /** The reference without its digest. */
  text: string
}

/** Lines of a compose file or a Dockerfile that name an image. The second group is the reference. */
const REFERENCE_LINE = /^(\s*image:\s+|FROM\s+)(\S+)/gm
const DEFAULT_REGISTRY = 'registry-1.docker.io'

/** Parses a reference with a tag. @returns undefined for anything else: a stage of a Dockerfile, a reference without a tag */
export function parseImageReference(text: string): ImageReference | undefined {
  const [, name = '', tag] = /^([a-z0-9][a-z0-9./_:-]*):([\w][\w.-]{0,127})(?:@sha256:[0-9a-f]{64})?$/.exec(text) ?? []
  if (tag === undefined) return undefined
  const [first = '', ...rest] = name.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const path = isHost ? rest.join('/') : name
  const repository = isHost || path.includes('/') ? path : `library/${path}`
  return { registry: isHost ? first : DEFAULT_REGISTRY, repository, tag, text: `${name}:${tag}` }
}

/** Lists the images that a compose file or a Dockerfile names, each once. */
export function listImages(file: string): ImageReference[] {
  const found = [...file.matchAll(REFERENCE_LINE)].flatMap(([, , text = '']) => parseImageReference(text) ?? [])
  return [...new Map(found.map(image => [image.text, image])).values()]
}

/** Returns the file with the digest of each image. @param digests by reference without a digest; others stay as they are */
export function pinImages(file: string, digests: ReadonlyMap<string, string>): string {
  return file.replace(REFERENCE_LINE, (line: string, start: string, text: string) => {
    const image = parseImageReference(text)
    const digest = image && digests.get(image.text)
    return image && digest ? `${start}${image.text}@${digest}` : line
  })
}
