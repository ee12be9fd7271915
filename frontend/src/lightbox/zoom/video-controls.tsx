import { Icon } from '../../ui/icons.tsx'
import { stepFrames, togglePlay } from './video-player.ts'

/** The buttons of a video, where those of the scale are for an image: a video is always shown whole. */
export function VideoControls(props: { video: () => HTMLVideoElement | undefined }) {
  const withVideo = (run: (video: HTMLVideoElement) => void) => () => {
    const video = props.video()
    if (video) run(video)
  }
  return (
    <fieldset class="tool-group zoom-controls" aria-label="Video">
      <FrameButton
        label="Previous frame"
        hint=","
        icon="previous-frame"
        onPress={withVideo(video => stepFrames(video, -1))}
      />
      <button type="button" class="on-backdrop" title="Play or pause (space)" onClick={withVideo(togglePlay)}>
        Play or pause
      </button>
      <FrameButton label="Next frame" hint="." icon="next-frame" onPress={withVideo(video => stepFrames(video, 1))} />
    </fieldset>
  )
}

interface FrameButtonProps {
  label: string
  /** The key that does the same. */
  hint: string
  icon: 'previous-frame' | 'next-frame'
  onPress: () => void
}

function FrameButton(props: FrameButtonProps) {
  return (
    <button
      type="button"
      class="on-backdrop icon-only"
      aria-label={props.label}
      title={`${props.label} (${props.hint})`}
      onClick={() => props.onPress()}
    >
      <Icon name={props.icon} />
    </button>
  )
}
