import { actionNames } from '../../outcome/action.js';
import { good } from '../checked.js';
import { digestPattern, parseDigest } from '../digest.js';
import { imageNamePattern, parseImageName } from '../image-name.js';
import { convert } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { text } from '../kit/text.js';
import { section } from '../setting.js';
import { parseTag, tagPattern } from '../tags.js';

const tags = list(text(parseTag, { expects: 'a tag such as 1.4.2', schema: { pattern: tagPattern } }), { expects: 'a list of tags', separator: ',' });

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
    kind: text(parseImageName, { expects: 'the name of an image', schema: { pattern: imageNamePattern, maxLength: 255 } }),
  },
  'digest': {
    actions: ['deploy', 'rollout'], requiredBy: ['rollout'],
    description: 'Deploy this existing image, `sha256:…`, and build nothing.',
    descriptionFor: { rollout: 'Digest of the image to roll out, `sha256:…`.' },
    kind: text(parseDigest, { expects: 'a digest', schema: { pattern: digestPattern } }),
  },
  'tags': {
    actions: ['deploy', 'build'],
    description: 'Tags of the image, separated by commas or line breaks. Tags that move, such as `latest`, move only after a good verdict.',
    default: 'the full sha of the commit that is checked out, and `latest` when it is the one of the default branch that the event names',
    examples: ['1.4.2, latest'],
    // Two ways to the same tag, e.g. a branch that is called `latest`, are no mistake.
    kind: convert(tags, (given) => good([...new Set(given)])),
  },
});
