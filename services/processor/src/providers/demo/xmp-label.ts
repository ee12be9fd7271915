/** The origin of an image, as it is written into its metadata. */
export interface XmpLabel {
  prompt: string
  seed: number
  /** Index of the output in its generation, from 0. */
  index: number
}

/** The statement in every image, which stays when its file is renamed. */
const STATEMENT = 'Procedural image, no AI model'

/**
 * Creates XMP metadata that states truthfully how the image was made: by an algorithm that was not trained on anything.
 *
 * @see https://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia
 */
export function createXmp({ prompt, seed, index }: XmpLabel): string {
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool="Darkroom Demo (${STATEMENT})"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">${STATEMENT}. Prompt: ${escapeXml(prompt)}. Seed: ${seed}. Output: ${index + 1}.</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>`
}

/**
 * Escapes text for XML and removes the characters that XML does not allow.
 *
 * @see https://www.w3.org/TR/xml/#charsets
 */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
