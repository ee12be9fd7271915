import { parseLooseJson } from '../loose-json.ts'
import { type ImageMetadata, toObject } from '../metadata.ts'
import { XMP } from '../xmp.ts'
import { createFromObject } from './json-parameters.ts'

const COMMENT = '<exif:UserComment>'
const ENTITIES: readonly [string, string][] = [
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&#xA;', '\n'],
  ['&amp;', '&'],
]

/**
 * Reads the object of JSON that Draw Things writes into the user comment of XMP: `c` is the prompt, `uc` the negative one.
 *
 * @see https://docs.drawthings.ai
 */
export function readDrawThings({ [XMP]: xmp = '' }: Readonly<Record<string, string>>): ImageMetadata | undefined {
  const start = xmp.indexOf('{', Math.max(0, xmp.indexOf(COMMENT)))
  const end = xmp.indexOf('</rdf:li>', start)
  if (!xmp.includes(COMMENT) || start < 0 || end < 0) return undefined
  const text = ENTITIES.reduce((json, [entity, character]) => json.replaceAll(entity, character), xmp.slice(start, end))
  return createFromObject(toObject(parseLooseJson(text)), 'Draw Things')
}
