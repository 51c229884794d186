import { actionNames, imageActions, takers } from '../../outcome/action.js';
import { section } from '../setting.js';
import { digest } from '../values/digest.js';
import { imageName } from '../values/image-name.js';
import { tags } from '../values/tags.js';


export const image = section('Image', actionNames, {
  'image': {
    // In the settings file it also names the app, whose data the other actions save.
    actions: takers, asInput: [...imageActions, 'setup'], requiredBy: ['rollout'],
    description: 'Repository of the image, without a tag. The image is built unless `digest` names an existing one.',
    descriptionFor: {
      build: 'Repository of the image to build and push, without a tag.',
      rollout: 'Repository of the image, without a tag.',
      rollback: 'Repository of the image, without a tag. Only its releases are considered, and only workloads that run it are changed. It also sets the defaults of `app` and `registry`.',
      setup: 'Repository of the image. It sets the default of `registry`.',
    },
    examples: ['ghcr.io/acme/api'],
    kind: imageName,
  },
  'digest': {
    actions: ['deploy', 'rollout', 'pr-check'], requiredBy: ['rollout'],
    description: 'Digest of an existing image to deploy, `sha256:…`. Nothing is built.',
    descriptionFor: { rollout: 'Digest of the image to roll out, `sha256:…`.' },
    kind: digest,
  },
  'tags': {
    actions: ['deploy', 'build', 'pr-check'],
    description: 'Tags of the image, separated by commas or line breaks. Tags that move, such as `latest`, move only after a successful run.',
    default: 'the full sha of the checked-out commit, and `latest` if the event names this commit on the default branch',
    examples: ['1.4.2, latest'],
    kind: tags,
  },
});
