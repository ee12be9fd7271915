import { expect, test } from 'bun:test'
import type { Model } from '@darkroom/contracts/model'
import { createReadyAttachment } from '../composer/attachments/attachment.ts'
import { createAttachmentHandover } from '../composer/attachments/attachment-handover.ts'
import { createAttachmentOrder } from '../composer/attachments/attachment-order.ts'
import { EMPTY_DRAFT } from '../composer/draft.ts'
import type { DraftParent } from '../composer/parent/draft-parent.ts'
import type { StartFrom } from '../composer/parent/start-from.ts'
import { buildGeneration } from '../store/generation.fixture.ts'
import type { NoticeAction } from '../ui/notices.ts'
import { type ComposerStartOptions, createComposerStart } from './composer-start.ts'

const [OUTPUT_GENERATION, PARENT] = [
  buildGeneration({ prompt: 'a chair' }),
  { generationId: 'earlier', outputIndex: 2, verb: 'vary' },
]

/** Creates the start from a draft of a prompt and named references. @param canStart whether a model can go on from the output */
function setUp(prompt: string, names: string[], canStart = true) {
  const attach = (name: string) => ({
    ...createReadyAttachment({ id: name, url: `/${name}`, previewUrl: `/${name}`, width: 1, height: 1 }),
    name,
  })
  const order = createAttachmentOrder(names.map(attach))
  const handover = createAttachmentHandover({ order, uploads: { find: () => undefined, track: () => undefined } })
  let draft = { ...EMPTY_DRAFT, prompt, model: 'first' }
  let parent: DraftParent | null = PARENT
  const notices: { message: string; action: NoticeAction | undefined }[] = []
  const clear = () => order.remove(new Set(order.list.map(({ key }) => key)))
  const startFrom = (start: StartFrom) => {
    if (!canStart) return undefined
    draft = { ...draft, ...(start.prompt !== undefined && { prompt: start.prompt }) }
    if (start.verb !== 'reference') clear()
    order.append(attach('the output'))
    parent = { generationId: start.generation.id, outputIndex: 0, verb: start.verb }
    return {} as Model
  }
  const composer = {
    get draft() {
      return draft
    },
    setDraft: (change: object | string, value?: string) => {
      draft = { ...draft, ...(typeof change === 'string' ? { [change]: value } : change) }
    },
    parent: () => parent && { ...parent, prompt: '' },
    setParent: (next: DraftParent | null) => {
      parent = next && { generationId: next.generationId, outputIndex: next.outputIndex, verb: next.verb }
    },
    startFrom,
    attachments: { list: order.list, clear, ...handover },
  } as unknown as ComposerStartOptions['composer']
  const start = createComposerStart({
    composer,
    focusPrompt: () => undefined,
    closeLightbox: () => undefined,
    notify: (message, action) => notices.push({ message, action }),
  })
  const read = () => ({ prompt: draft.prompt, model: draft.model, parent, names: order.list.map(({ name }) => name) })
  const edit = (verb: 'edit' | 'reference') => {
    const [output] = OUTPUT_GENERATION.outputs
    if (!output) throw new Error('no output')
    const prompt = verb === 'edit' ? { prompt: '', model: { id: 'editor' } as Model } : {}
    start({ generation: OUTPUT_GENERATION, output, verb, ...prompt })
  }
  return { edit, read, notices }
}

test('what was written and attached is brought back by the undo of an edit', () => {
  const { edit, read, notices } = setUp('a long prompt', ['one', 'two'])
  const before = read()
  edit('edit')
  expect(read()).toMatchObject({ prompt: '', model: 'editor', names: ['the output'], parent: { verb: 'edit' } })
  expect(notices.map(({ action }) => action?.label)).toEqual(['Undo'])
  notices[0]?.action?.run()
  expect(read()).toEqual(before)
})

test('says nothing of an empty draft, nor where what is written stays', () => {
  const empty = setUp(' ', [])
  empty.edit('edit')
  const added = setUp('a long prompt', ['one'])
  added.edit('reference')
  expect(added.read()).toMatchObject({ prompt: 'a long prompt', names: ['one', 'the output'] })
  expect([empty.notices, added.notices]).toEqual([[], []])
})

test('changes nothing where no model can', () => {
  const { edit, read, notices } = setUp('a long prompt', ['one', 'two'], false)
  const before = read()
  edit('edit')
  expect([read(), notices]).toEqual([before, []])
})
