/* The C client: requests, a pipeline, RESP types, and a subscription.
 *   cc hiredis.c -lhiredis -o hiredis && ./hiredis PORT */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int is_good, const char *what) {
    if (!is_good) {
        fprintf(stderr, "hiredis: %s\n", what);
        exit(1);
    }
}

int main(int count, char **words) {
    check(count == 2, "give a port");
    struct timeval patience = {10, 0};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", atoi(words[1]), patience);
    check(context && !context->err, "cannot connect");
    redisSetTimeout(context, patience);

    redisReply *reply = redisCommand(context, "FLUSHALL");
    check(reply != NULL, "FLUSHALL");
    freeReplyObject(reply);
    reply = redisCommand(context, "SET %s %b", "key", "a\0b", (size_t)3);
    check(reply && reply->type == REDIS_REPLY_STATUS && !strcmp(reply->str, "OK"), "SET");
    freeReplyObject(reply);
    reply = redisCommand(context, "GET %s", "key");
    check(reply && reply->type == REDIS_REPLY_STRING && reply->len == 3, "GET");
    freeReplyObject(reply);
    reply = redisCommand(context, "LPOP key");
    check(reply && reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, "WRONGTYPE", 9), "an error");
    freeReplyObject(reply);

    for (int number = 0; number < 10000; number++) {
        redisAppendCommand(context, "RPUSH list %d", number);
    }
    for (int number = 0; number < 10000; number++) {
        check(redisGetReply(context, (void **)&reply) == REDIS_OK, "a pipeline's reply");
        check(reply->type == REDIS_REPLY_INTEGER && reply->integer == number + 1, "a pipeline's order");
        freeReplyObject(reply);
    }
    reply = redisCommand(context, "LRANGE list 0 -1");
    check(reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 10000, "LRANGE");
    freeReplyObject(reply);

    redisContext *other = redisConnect("127.0.0.1", atoi(words[1]));
    check(other && !other->err, "cannot connect again");
    reply = redisCommand(context, "SUBSCRIBE news");
    check(reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3, "SUBSCRIBE");
    freeReplyObject(reply);
    reply = redisCommand(other, "PUBLISH news hello");
    check(reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1, "PUBLISH");
    freeReplyObject(reply);
    check(redisGetReply(context, (void **)&reply) == REDIS_OK, "a message");
    check(reply->elements == 3 && !strcmp(reply->element[2]->str, "hello"), "a message's text");
    freeReplyObject(reply);
    redisFree(other);
    redisFree(context);
    puts("hiredis works");
    return 0;
}
