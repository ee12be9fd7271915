import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import { type Api, describeProblem, RejectedError } from './api.ts'
import { createComposerState } from './composer/composer-state.ts'
import { createTimeline } from './feed/scrubber/timeline.ts'
import type { MediaRef } from './lightbox/gallery.ts'
import type { LiveHandlers } from './live/live.ts'
import { createLiveSync } from './live/live-sync.ts'
import type { FeedLocation } from './store/feed-location.ts'
import { createGenerationActions } from './store/generation-actions.ts'
import type { GenerationStore } from './store/generation-store.ts'
import type { GenerationWindow } from './store/generation-window.ts'
import type { OutboxStore } from './store/outbox-store.ts'
import { copyText } from './ui/clipboard.ts'
import type { Clock } from './ui/clock.ts'
import { createCoarseClock } from './ui/coarse-clock.ts'
import { countReady, formatReadyCount } from './ui/format.ts'
import { createNotices } from './ui/notices.ts'

export interface StudioOptions {
  api: Api
  store: GenerationStore
  outbox: OutboxStore
  clock: Clock
  /** Hears of everything that happens in the studio, until what it gives back is called. */
  subscribe: (handlers: LiveHandlers) => () => void
  /** Where the feed opens. */
  initialLocation: FeedLocation
}

export type Studio = ReturnType<typeof createStudio>

const RETRY_DELAY_MS = 4_000
const LOCATION_NOT_FOUND = 'What that address named is no longer here.'

/** The page's state and everything that can be done on it. */
export function createStudio({ api, store, outbox, clock, subscribe, initialLocation }: StudioOptions) {
  const [models, setModels] = createSignal<readonly Model[]>([])
  const [hasModels, setHasModels] = createSignal<boolean>()
  const [generationWindow, setGenerationWindow] = createSignal(store.current())
  const [loadState, setLoadState] = createSignal(store.loadState())
  const [announcement, setAnnouncement] = createSignal('')
  const [shownMedia, setShownMedia] = createSignal<MediaRef | null>(null)
  const notices = createNotices()
  const { notify } = notices
  const actions = createGenerationActions({ api, store, notify })
  const composer = createComposerState({ store, outbox, models, clock })
  const connection = createLiveSync({ store, subscribe, openFirst })
  const timeline = createTimeline({ api, store })
  const modelsById = createMemo(() => new Map(models().map(model => [model.id, model])))
  let outboxResume: Promise<void> | undefined
  let openerKey: string | undefined
  let promptField: HTMLTextAreaElement | undefined

  async function openFirst() {
    if (!(await store.open(initialLocation))) notify(LOCATION_NOT_FOUND)
    outboxResume ??= composer.resume()
    await outboxResume
  }

  /** Moves the feed to another place. */
  function goTo(location: FeedLocation) {
    const fail = (error: unknown) =>
      notify(error instanceof RejectedError ? LOCATION_NOT_FOUND : describeProblem(error))
    void store.moveWindow(location).catch(fail)
  }

  function onChange(now: GenerationWindow, before: GenerationWindow) {
    setGenerationWindow(now)
    setLoadState(store.loadState())
    const ready = describeNewlyReady(now, before)
    if (ready !== undefined) setAnnouncement(ready)
  }

  async function loadModels() {
    try {
      const available = await api.fetchModels()
      setModels(available)
      setHasModels(available.length > 0)
    } catch {
      setTimeout(loadModels, RETRY_DELAY_MS)
    }
  }

  async function copyPrompt({ prompt }: Generation) {
    const isCopied = await copyText(prompt)
    notify(isCopied ? 'Prompt copied.' : 'The prompt could not be copied: this browser does not allow it.')
  }

  /** Makes the composer hold what would make a generation again. */
  function reuse(generation: Generation) {
    composer.reuse(generation)
    const selectedModel = composer.model()
    const isOtherModel = selectedModel !== undefined && selectedModel.id !== generation.model
    if (isOtherModel) notify(`${generation.model} is not available here: using ${selectedModel.name}.`)
    focusPrompt()
  }

  /** Puts a generation that never reached the studio back into the composer. */
  function edit(key: string, generation: Generation) {
    reuse(generation)
    store.discard(key)
  }

  function useAsReference({ url, previewUrl }: { url: string; previewUrl: string | null }) {
    composer.attachments.addShown({ url, previewUrl: previewUrl ?? url })
    notify('Added as a reference.')
  }

  /** Shows a picture in the lightbox, or with null the feed again. */
  function showMedia(to: MediaRef | null) {
    if (shownMedia() === null || to === null) openerKey = to?.key
    setShownMedia(to)
  }

  function focusPrompt() {
    promptField?.focus({ preventScroll: true })
    promptField?.setSelectionRange(promptField.value.length, promptField.value.length)
  }

  function mountPrompt(field: HTMLTextAreaElement) {
    promptField = field
  }

  onMount(() => {
    onCleanup(store.subscribe(onChange))
    void loadModels()
  })

  return {
    library: store,
    clock,
    composing: composer,
    connection,
    models,
    hasModels,
    modelOf: modelsById,
    known: generationWindow,
    reading: loadState,
    notices,
    acting: actions,
    coarseNow: createCoarseClock(clock),
    announcement,
    picture: shownMedia,
    showPicture: showMedia,
    /** The row on whose picture the lightbox was opened. */
    openerKey: () => openerKey,
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
function describeNewlyReady(now: GenerationWindow, before: GenerationWindow): string | undefined {
  const grown = now.rows.findLast(row => {
    const old = before.byKey.get(row.key)
    return old && old !== row && countReady(row.generation) > countReady(old.generation)
  })
  return grown && formatReadyCount(grown.generation)
}
