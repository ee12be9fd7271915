import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import { type Api, describeProblem, Refusal } from './api.ts'
import { createComposing } from './composer/composer-state.ts'
import { createTimeline } from './feed/scrubber/timeline.ts'
import type { PictureRef } from './lightbox/gallery.ts'
import type { Hearing } from './live/live.ts'
import { createFollowing } from './live/live-sync.ts'
import type { Place } from './store/feed-location.ts'
import { createActing } from './store/generation-actions.ts'
import type { Library } from './store/generation-store.ts'
import type { Generations } from './store/generation-window.ts'
import type { UnsentOrders } from './store/outbox-store.ts'
import { copyText } from './ui/clipboard.ts'
import type { Clock } from './ui/clock.ts'
import { createMinute } from './ui/coarse-clock.ts'
import { readiness, readyCount } from './ui/format.ts'
import { createNotices } from './ui/notices.ts'

export interface StudioOptions {
  api: Api
  library: Library
  unsent: UnsentOrders
  clock: Clock
  /** Hears of everything that happens in the studio, until what it gives back is called. */
  listen: (hearing: Hearing) => () => void
  /** Where the feed opens. */
  firstPlace: Place
}

export type Studio = ReturnType<typeof createStudio>

const TRY_AGAIN_MS = 4_000
const NO_SUCH_PLACE = 'What that address named is no longer here.'

/** The page's state and everything that can be done on it. */
export function createStudio({ api, library, unsent, clock, listen, firstPlace }: StudioOptions) {
  const [models, setModels] = createSignal<readonly Model[]>([])
  const [hasModels, setHasModels] = createSignal<boolean>()
  const [known, setKnown] = createSignal(library.now())
  const [reading, setReading] = createSignal(library.reading())
  const [announcement, setAnnouncement] = createSignal('')
  const [picture, setPicture] = createSignal<PictureRef | null>(null)
  const notices = createNotices()
  const { notify } = notices
  const acting = createActing({ api, library, notify })
  const composing = createComposing({ library, unsent, models, clock })
  const connection = createFollowing({ library, listen, openFirst })
  const timeline = createTimeline({ api, library })
  const modelOf = createMemo(() => new Map(models().map(model => [model.id, model])))
  let resuming: Promise<void> | undefined
  let openedFrom: string | undefined
  let promptField: HTMLTextAreaElement | undefined

  async function openFirst() {
    if (!(await library.open(firstPlace))) notify(NO_SUCH_PLACE)
    resuming ??= composing.resume()
    await resuming
  }

  /** Moves the feed to another place. */
  function goTo(place: Place) {
    const fail = (error: unknown) => notify(error instanceof Refusal ? NO_SUCH_PLACE : describeProblem(error))
    void library.moveWindow(place).catch(fail)
  }

  function onChange(now: Generations, before: Generations) {
    setKnown(now)
    setReading(library.reading())
    const ready = newlyReady(now, before)
    if (ready !== undefined) setAnnouncement(ready)
  }

  async function readModels() {
    try {
      const offered = await api.models()
      setModels(offered)
      setHasModels(offered.length > 0)
    } catch {
      setTimeout(readModels, TRY_AGAIN_MS)
    }
  }

  async function copyPrompt({ prompt }: Generation) {
    const isCopied = await copyText(prompt)
    notify(isCopied ? 'Prompt copied.' : 'The prompt could not be copied: this browser does not allow it.')
  }

  /** Makes the composer hold what would make a generation again. */
  function reuse(generation: Generation) {
    composing.reuse(generation)
    const chosen = composing.model()
    const isOther = chosen !== undefined && chosen.id !== generation.model
    if (isOther) notify(`${generation.model} is not available here: using ${chosen.name}.`)
    focusPrompt()
  }

  /** Puts a generation that never reached the studio back into the composer. */
  function edit(key: string, generation: Generation) {
    reuse(generation)
    library.takeBack(key)
  }

  function useAsReference({ url, previewUrl }: { url: string; previewUrl: string | null }) {
    composing.attachments.addShown({ url, previewUrl: previewUrl ?? url })
    notify('Added as a reference.')
  }

  /** Shows a picture in the lightbox, or with null the feed again. */
  function showPicture(to: PictureRef | null) {
    if (picture() === null || to === null) openedFrom = to?.key
    setPicture(to)
  }

  function focusPrompt() {
    promptField?.focus({ preventScroll: true })
    promptField?.setSelectionRange(promptField.value.length, promptField.value.length)
  }

  function mountPrompt(field: HTMLTextAreaElement) {
    promptField = field
  }

  onMount(() => {
    onCleanup(library.subscribe(onChange))
    void readModels()
  })

  return {
    library,
    clock,
    composing,
    connection,
    models,
    hasModels,
    modelOf,
    known,
    reading,
    notices,
    acting,
    minute: createMinute(clock),
    announcement,
    picture,
    showPicture,
    /** The row on whose picture the lightbox was opened. */
    openedFrom: () => openedFrom,
    openFirst: () => void openFirst(),
    goTo,
    timeline,
    copyPrompt,
    reuse,
    edit,
    useAsReference,
    focusPrompt,
    mountPrompt,
  }
}

/** `2 of 4 ready`, when a change made another picture ready that was not before. */
function newlyReady(now: Generations, before: Generations): string | undefined {
  const grown = now.rows.findLast(row => {
    const old = before.byKey.get(row.key)
    return old && old !== row && readyCount(row.generation) > readyCount(old.generation)
  })
  return grown && readiness(grown.generation)
}
