/* doctor_losses.c - mbc doctor --losses: where the outputs that can hurt people end up when something is lost */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/doctor.h"
#include "cli/look.h"
#include "model/worst.h"

static const char legend[] =
	"\n"
	"closed, open, stays  what 'fails:' says of the part without power or air, and nothing "
	"more; closed: off\n"
	"stays, no watchdog   it stays where it is, since no watchdog of the device is declared; "
	"whether it has one of its\n"
	"                     own, its manual and a test say\n"
	"its ramp goes on     the device makes the ramp and goes where it was sent last; no "
	"watchdog of it says otherwise\n"
	"by its watchdog      what 'safe:' of the 'watchdog:' of its instrument says, once that "
	"one acts; 'mbc doctor' of "
	"the running\n"
	"                     bench says whether it is armed\n"
	"closed or stays      without power closed; when the instrument only answers no more, as "
	"it was\n"
	"closed if by air     closed when it is air that moves it; a heater or an electric valve "
	"is "
	"not concerned\n"
	"not concerned        it does not need what is lost, and mbc still moves it\n"
	"UNKNOWN              it does not follow from the bench file: try it, write 'fails:', and "
	"let a wired device decide\n";

static uint32_t
print_row(const struct image *img, uint32_t output)
{
	static const char *const hazards[] = { "", "heat", "fuel", "oxidant", "toxic", "pressure",
		"inert" };
	const struct image_output *o = image_output_at(img, output);
	uint32_t n_unknown = 0;

	printf("%-20s %-9s", image_text(img, image_channel_at(img, o->channel)->name),
		hazards[o->hazard]);
	for (int loss = 0; loss < LOSSES; loss++) {
		enum fate fate = worst_fate(img, output, (enum loss)loss);

		printf(loss == LOSSES - 1 ? " %s\n" : " %-18s", worst_fate_text(fate));
		n_unknown += fate == FATE_UNKNOWN;
	}
	return n_unknown;
}

/* What its relay cuts is wired, and stands nowhere. */
static void
tell_heartbeat(const struct image *img)
{
	const struct image_heartbeat *h = &img->heartbeat;
	char span[CLOCK_TEXT_SIZE] = "";

	if (h->every_ns == 0)
		return;
	if (h->drop_out_ns > 0)
		clock_span(span, h->drop_out_ns);
	printf("\nThe table is without the relay of the heartbeat ('%s'), which falls%s%s after "
	       "the "
	       "last change: with the\n"
	       "computer dead, a trip, or an instrument of 'needs:' that is silent. Write down "
	       "what "
	       "it cuts, and try that.\n",
		image_text(img, image_channel_at(img, h->channel)->name),
		span[0] == '\0' ? "" : " ", span);
}

static int
print_table(const struct image *img)
{
	uint32_t n = 0, n_unknown = 0;

	for (uint32_t i = 0; i < img->outputs.n; i++) {
		if (image_output_at(img, i)->hazard == HAZARD_NONE)
			continue;
		if (n++ == 0)
			printf("%-20s %-9s %-18s %-18s %-18s %-18s %s\n", "output", "hazard",
				"mains lost", "computer dead", "network lost", "air lost",
				"own instrument dead");
		n_unknown += print_row(img, i);
	}
	if (n == 0) {
		puts("no output of this bench has a hazard; write 'hazard:' at each that can hurt "
		     "people");
		return CLI_GOOD;
	}
	if (n_unknown > 0)
		printf("\n%u of %u places are UNKNOWN.\n", n_unknown, n * LOSSES);
	fputs(legend, stdout);
	tell_heartbeat(img);
	fputs("\nThis is what the file says. Only a test with the real plug, cable and tap shows "
	      "that it is "
	      "true: see docs/safety.md.\n",
		stdout);
	return CLI_GOOD;
}

int
doctor_losses(struct args *args)
{
	const struct image *running;
	struct image *img;
	int code;

	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	if (args->n == 0) {
		running = look_image(args, &code);
		return running == NULL ? code : print_table(running);
	}
	img = cli_compile(args, args->at[0], NULL, &code);
	if (img == NULL)
		return code;
	code = print_table(img);
	free(img);
	return code;
}
