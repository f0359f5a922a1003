/* players.c - the protocols that are played */
#include <string.h>

#include "twin/player.h"

extern const struct player player_brooks, player_helper, player_http, player_k8090, player_modbus,
	player_modbus_rtu, player_propar, player_propar_ascii, player_text, player_tpg;

static const struct player *const players[] = {
	&player_brooks,
	&player_helper,
	&player_http,
	&player_k8090,
	&player_modbus,
	&player_modbus_rtu,
	&player_propar,
	&player_propar_ascii,
	&player_text,
	&player_tpg,
};

const struct player *
player_find(const char *codec, bool is_line)
{
	if (is_line && strcmp(codec, "modbus") == 0)
		return &player_modbus_rtu;
	for (size_t i = 0; i < NELEM(players); i++)
		if (strcmp(players[i]->codec, codec) == 0)
			return players[i];
	return NULL;
}
