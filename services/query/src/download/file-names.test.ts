import { expect, test } from 'bun:test'
import { DownloadItem } from '@darkroom/contracts/history/download'
import fc from 'fast-check'
import { formatAttachment } from './content-disposition.ts'
import { groupItems } from './download-parameters.ts'
import { createFileNames, nameOutput } from './file-names.ts'

const [A, B] = ['01a20592-fbaf-7202-a976-12bf970672c3', '01a20592-fbaf-7202-a976-12bf970672c4']

test('gives each file of a ZIP a name of its own, whatever the prompts', () => {
  const prompt = fc.oneof(fc.constantFrom('a', 'A!', 'a 2', 'a_2', 'a-2-1', '', '雪'), fc.string({ unit: 'grapheme' }))
  fc.assert(
    fc.property(fc.array(fc.record({ prompt, outputs: fc.integer({ min: 1, max: 3 }) })), generations => {
      const names = createFileNames()
      const files = generations.flatMap(({ prompt, outputs }) => {
        const stem = names.createStem(prompt, 'image')
        return Array.from({ length: outputs }, (_, index) =>
          nameOutput(prompt, { index, kind: 'image', key: 'w/a.png', mimeType: 'image/png' }, stem),
        )
      })
      const folded = files.map(name => name.normalize('NFD').toLowerCase())
      expect(new Set(folded).size).toBe(files.length)
      for (const name of files) expect(name).toMatch(/^[^\p{C}\s"*/:<>?\\|.]{1,90}-[123]\.png$/u)
    }),
  )
})

test('leaves out of a name what turns the direction of text, also in the header', () => {
  const controls = '\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069'
  const output = { index: 0, kind: 'image', key: 'w/a.png', mimeType: 'image/png' } as const
  for (const control of controls) {
    expect(nameOutput(`a boat ${control}gnp.exe`, output)).toBe('a-boat-gnp-exe-1.png')
    expect(nameOutput(`ספינה${control}`, output)).toBe('ספינה-1.png')
    expect(nameOutput(control, output, createFileNames().createStem(control, 'image'))).toBe('image-1.png')
  }
})

test('groups items by generation, in their order, each output once', () => {
  expect([...groupItems([`${B}.2`, A, `${B}.0`, `${B.toUpperCase()}.2`, `${A}.1`])]).toEqual([
    [B, new Set([2, 0])],
    [A, 'all'],
  ])
  expect([...groupItems([`${A}.1`, A])]).toEqual([[A, 'all']])
})

test.each([`${A}.`, `${A}.-1`, `${A}.100`, `${A}.1.2`, ` ${A}`, `${A}/..`, ''])('rejects the item %p', item => {
  expect(DownloadItem.safeParse(item).success).toBe(false)
})

test('encodes any name in a header of ASCII', () => {
  expect(formatAttachment('a-boat-1.png', 'x')).toBe('attachment; filename="a-boat-1.png"')
  expect(formatAttachment("雪'(1)*.png", 'image-1.png')).toBe(
    `attachment; filename="image-1.png"; filename*=UTF-8''%E9%9B%AA%27%281%29%2A.png`,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      const header = formatAttachment(name, 'image-1.png')
      expect(header).toMatch(/^attachment; filename="[^"\\%]*"(; filename\*=UTF-8''[\w.!~%-]*)?$/)
      const [, extended] = /filename\*=UTF-8''(.*)$/.exec(header) ?? []
      if (extended !== undefined) expect(decodeURIComponent(extended)).toBe(name)
    }),
  )
})
