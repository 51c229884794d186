import { actionNames } from '../../outcome/action.js';
import { section } from '../setting.js';
import { digest } from '../values/digest.js';
import { imageName } from '../values/image-name.js';
import { tags } from '../values/tags.js';


export const image = section('Image', actionNames, {
  'image': {
    requiredBy: ['rollout'],
    description: 'Repository of the image, without a tag. The image is built unless `digest` names one that exists.',
    descriptionFor: {
      build: 'Repository of the image to build and push, without a tag.',
      rollout: 'Repository of the image, without a tag.',
      rollback: 'Repository of the image, without a tag. Only its releases count, and only workloads that run it are changed. It gives `app` and `registry` their defaults.',
    },
    examples: ['ghcr.io/acme/api'],
    kind: imageName,
  },
  'digest': {
    actions: ['deploy', 'rollout'], requiredBy: ['rollout'],
    description: 'Deploy this existing image, `sha256:…`, and build nothing.',
    descriptionFor: { rollout: 'Digest of the image to roll out, `sha256:…`.' },
    kind: digest,
  },
  'tags': {
    actions: ['deploy', 'build'],
    description: 'Tags of the image, separated by commas or line breaks. Tags that move, such as `latest`, move only after a good verdict.',
    default: 'the full sha of the commit that is checked out, and `latest` when it is the one of the default branch that the event names',
    examples: ['1.4.2, latest'],
    kind: tags,
  },
});
