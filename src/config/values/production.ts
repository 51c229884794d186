const production = /^(?:production|prod|prd|live)\d*$/i;
/** In `pre-prod`, `non-production` and `live-preview`, the other word says that it is none. */
const otherwise = /^(?:pre|non|not|no|preview|staging|stage|test|testing|dev|development|qa|uat)\d*$/i;

/** Whether an environment is production by the words of its name: `production`, `prod-eu`, `live`, but not `pre-prod`. */
export function isProductionName(name: string): boolean {
  const words = name.split(/[-_. /]+/);
  return words.some((word) => production.test(word)) && !words.some((word) => otherwise.test(word));
}
