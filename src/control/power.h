/* power.h - mains that is lost while the controller lives, and devices that lost power; pure
 *
 * An outage of mains begins when `mains` became false, once it was so for `for`, on good values: outputs are held as they are, since nobody
 * knows what the parts behind them do; on `low` the bench goes to its safe state. It ends when mains is back, and power_loss decides.
 * A device that tells for how long it runs has lost power when that falls, other than by the wrap of its counter: what its outputs hold is
 * unknown, it is prepared anew, and power_loss decides for its outputs; the outage is the time for which it did not answer.
 */
#ifndef CONTROL_POWER_H
#define CONTROL_POWER_H

#include "control/output.h"

struct hands;
struct power;

/* NULL: the bench watches neither. The others take a bench with NULL. */
struct power *power_new(struct hands *h);
void power_free(struct power *p);
void power_read(struct hands *h, uint32_t channel, int64_t now_ns);
void power_lost(struct hands *h, uint32_t instrument, int64_t now_ns);
void power_back(struct hands *h, uint32_t instrument, int64_t now_ns);
/* Is it known that a device has not lost power since then? One that does not tell is never asked. */
bool power_is_sure(const struct hands *h, uint32_t instrument, int64_t since_ns);
void power_tick(struct hands *h, int64_t now_ns);
void power_adopt(struct hands *h, struct hands *from);

#endif
