import type { Generation } from '@darkroom/contracts/generation'
import { createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js'
import { isInTrash } from '../library/match-query.ts'
import { fetchFromStudio } from '../studio-fetch.ts'
import { describeChange } from '../verbs/describe-change.ts'
import type { Backdrop } from './backdrops.ts'
import { copyImage } from './bars/media-files.ts'
import { createComparison, mediaId } from './compare/comparison.ts'
import { createLineage } from './details/lineage-state.ts'
import { describeMedia, findMedia, listMedia, type MediaItem, type MediaRef } from './gallery.ts'
import { createGalleryPosition } from './gallery-position.ts'
import { createLightboxKeys } from './lightbox-keys.ts'
import type { LightboxProps } from './lightbox-props.ts'
import type { LineageStep } from './lineage-source.ts'
import { createNeighbourPreload } from './neighbour-preload.ts'
import { createStage } from './stage/stage-state.ts'

/** The part of the studio that the lightbox uses, and its connection to the dialog around it. */
export interface LightboxToolsProps extends LightboxProps {
  backdrop: Backdrop
  onBackdropChange: (backdrop: Backdrop) => void
  /** Called with the name of the dialog: the output that it shows. */
  onLabel: (label: string) => void
  onLastShown: (media: MediaRef) => void
  /** Takes the handler of Escape, which returns whether the key was used for something else than closing. */
  onEscapeKey: (handler: () => boolean) => void
}

export type LightboxTools = ReturnType<typeof createLightboxTools>

/** Creates the state of the open lightbox and the actions on what it shows. */
export function createLightboxTools(props: LightboxToolsProps) {
  const { onShow, onNearOldest, onNearNewest } = props
  const position = createGalleryPosition({
    at: () => props.at,
    generationWindow: () => props.generationWindow,
    ...{ onShow, onNearOldest, onNearNewest },
  })
  const { media } = position
  const [isDetailsOpen, setDetailsOpen] = createSignal(false)
  const { lineage, ancestors, change } = createShownLineage(props, media, isDetailsOpen)
  const candidates = createMemo(() => [...position.siblings(), ...ancestors()].filter(isImage))
  const comparison = createComparison({ media, candidates })
  const stage = createStage({ media, comparison, onSwipe: step => turn(step) })

  function turn(step: 1 | -1) {
    if (comparison.pair()) comparison.turn(step)
    else if (step === 1) position.showNext()
    else position.showPrevious()
  }

  function toggleCompare() {
    if (comparison.pair()) comparison.stop()
    else comparison.start()
  }

  function toggleDetails() {
    stage.zoom.animateNext()
    setDetailsOpen(open => !open)
  }

  /** Shows an output that was chosen in the filmstrip, or compares with it. */
  function choose(item: MediaItem, side: 'a' | 'b') {
    const isCandidate = candidates().some(other => mediaId(other) === mediaId(item))
    if (comparison.pair() && isCandidate) return comparison.choose(side, item)
    position.showItem(item)
  }

  function openStep(step: LineageStep) {
    const item = toItem(step)
    if (item) position.showItem(item)
  }

  const actions = { ...createMediaActions(props, media), toggleCompare, toggleDetails }
  createLightboxKeys({
    ...{ turn, actions, position, stage, media },
    isComparing: () => comparison.pair() !== null,
    showKeys: () => props.onShowKeys(),
  })
  props.onEscapeKey(() => {
    if (!comparison.pair()) return false
    comparison.stop()
    return true
  })
  createEffect(() => props.onLastShown(props.at))
  createEffect(() => props.onLabel(media() ? formatLabel(media()) : 'Picture'))
  createEffect(on(() => [props.at.key, props.at.index], comparison.stop, { defer: true }))
  createNeighbourPreload({ position, window: () => props.generationWindow, isLoaded: stage.isLoaded })

  return {
    ...{
      position,
      comparison,
      lineage,
      change,
      ancestors,
      stage,
      actions,
      isDetailsOpen,
      setDetailsOpen,
      choose,
      openStep,
      turn,
    },
    announcement: createTurnAnnouncement(media),
  }
}

/** Creates the lineage of the output that is shown: for the details, and to compare it with what it came out of. */
function createShownLineage(
  props: LightboxToolsProps,
  media: () => MediaItem | undefined,
  isDetailsOpen: () => boolean,
) {
  const lineage = createLineage({
    media,
    source: props.lineage,
    wanted: () => (isDetailsOpen() ? 'all' : media()?.generation.parent ? 'ancestors' : 'nothing'),
  })
  const ancestors = createMemo(() => lineage().ancestors.flatMap(step => toItem(step) ?? []))
  const change = () => {
    const generation = media()?.generation
    return generation?.parent
      ? describeChange(generation, lineage().ancestors[0]?.generation, props.modelsById)
      : undefined
  }
  return { lineage, ancestors, change }
}

/** Creates the actions on the output that is shown. */
function createMediaActions(props: LightboxToolsProps, media: () => MediaItem | undefined) {
  const withMedia = (run: (item: MediaItem) => void) => () => {
    const item = media()
    if (item) run(item)
  }

  /** Runs an action on what is shown unless it is in the trash: then it is restored first. */
  const unlessTrashed = (run: (item: MediaItem) => void) =>
    withMedia(item => {
      if (!isInTrash(item.generation)) run(item)
    })

  let isClosed = false
  onCleanup(() => {
    isClosed = true
  })

  /** Runs an action on an output, and reads its generation again where no event of the feed would. */
  async function runAndRefresh(action: Promise<void>) {
    const { at } = props
    await action
    const generation = at.generation && (await fetchGeneration(at.generation))
    // Meanwhile the user may have closed the lightbox, or gone to another output.
    if (!generation || isClosed || props.at !== at) return
    props.onShow(isInTrash(generation) ? null : { ...at, generation })
  }

  return {
    toggleFavourite: unlessTrashed(
      ({ generation, index, output }) => void runAndRefresh(props.onFavourite(generation, index, !output.favourite)),
    ),
    addAsReference: unlessTrashed(({ url, output }) => {
      props.onUseAsReference({ url, previewUrl: output.previewUrl })
      props.onShow(null)
    }),
    remove: unlessTrashed(({ generation, index }) => void runAndRefresh(props.onRemoveOutput(generation, index))),
    restore: withMedia(({ generation }) => void runAndRefresh(props.onRestore(generation))),
    copyImage: withMedia(async item => {
      const isCopied = await copyImage(item)
      props.notices.notify(
        isCopied ? 'Image copied.' : 'The image could not be copied: this browser does not allow it.',
      )
    }),
    setBackdrop: (backdrop: Backdrop) => props.onBackdropChange(backdrop),
    close: () => props.onShow(null),
  }
}

async function fetchGeneration(generation: Generation): Promise<Generation> {
  try {
    return (await (await fetchFromStudio(`/api/generations/${generation.id}`)).json()) as Generation
  } catch {
    return generation
  }
}

/** Creates the announcement of the output that was turned to. Nothing is announced at first: the dialog has its name. */
function createTurnAnnouncement(media: () => MediaItem | undefined) {
  const [announcement, setAnnouncement] = createSignal('')
  const describe = () => {
    const item = media()
    return item ? describeMedia(item) : ''
  }
  createEffect(on(createMemo(describe), setAnnouncement, { defer: true }))
  return announcement
}

function toItem({ generation, outputIndex }: LineageStep): MediaItem | undefined {
  const row = { key: generation.clientId, sortKey: '', generation, delivery: null }
  return findMedia(row, outputIndex) ?? listMedia(generation)[0]
}

function isImage({ output }: MediaItem): boolean {
  return output.kind === 'image'
}

function formatLabel(media: MediaItem | undefined): string {
  return media ? describeMedia(media) : 'Picture'
}
